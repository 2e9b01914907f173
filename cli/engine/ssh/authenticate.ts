// Offers identities one after the other, then a password, and remembers what was tried.
import type { AnyAuthMethod, AuthenticationType, AuthHandlerMiddleware } from "ssh2";
import type { ConnectOptions } from "./connection.ts";
import type { Identity } from "./identities.ts";

export interface Authentication {
  readonly handler: AuthHandlerMiddleware;
  /** "FILE: refused", "FILE: encrypted, …", in order. */
  readonly tried: readonly string[];
}

export interface AuthenticationOptions {
  readonly user: string;
  readonly target: string;
  readonly identities: readonly Identity[];
  readonly askSecret: ConnectOptions["askSecret"];
  /** The clock stands still while somebody is asked. */
  readonly paused: <T>(work: () => Promise<T>) => Promise<T>;
  readonly onError: (error: unknown) => void;
}

const passwordTries = 3;

/** Makes the handler that the SSH library calls for the next thing to try. */
export function authenticate(options: AuthenticationOptions): Authentication {
  const tried: string[] = [];
  const waiting = [...options.identities];
  let passwords = 0;
  const nextMethod = async (left: readonly AuthenticationType[] | null): Promise<AnyAuthMethod | false> => {
    while (left === null || left.includes("publickey")) {
      const identity = waiting.shift();
      if (identity === undefined) break;
      const method = await options.paused(() => identity.prepare(options.user));
      if ("why" in method) tried.push(`${identity.label}: ${method.why}`);
      else {
        tried.push(`${identity.label}: refused`);
        return method;
      }
    }
    // Asked before anything was offered, the host says here what it takes.
    if (left === null) return { type: "none", username: options.user };
    const { askSecret } = options;
    if (askSecret === undefined || !left.includes("password") || passwords >= passwordTries) return false;
    passwords += 1;
    const password = await options.paused(() => askSecret(`Password of ${options.user} on ${options.target}: `));
    tried.push("password: refused");
    return { type: "password", username: options.user, password };
  };
  return {
    tried,
    handler: (left, _partial, next) => {
      nextMethod(left).then(
        (method) => next(method === false ? (false as never) : method),
        (error: unknown) => options.onError(error),
      );
    },
  };
}
