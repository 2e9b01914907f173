// Offers identities one after the other, then asks for what the host wants, and remembers what was tried.
import type { AnyAuthMethod, AuthHandlerMiddleware } from "ssh2";
import type { LoginOptions } from "./configuration.ts";
import type { ConnectOptions } from "./connection.ts";
import type { Identity } from "./identities.ts";
import { createKeyboard } from "./keyboard.ts";
import { type HostAnswer, offerMethod } from "./offered-key.ts";
import { type SecretTry, trySecret } from "./secrets.ts";

export interface Authentication {
  readonly handler: AuthHandlerMiddleware;
  /** Hears what the host says after each try. */
  readonly hear: (answer: HostAnswer) => void;
  /** The end: passwords that were waiting for it are settled. */
  readonly end: (loggedIn: boolean) => void;
  /** "FILE: refused", "FILE: encrypted, …", in order. */
  readonly tried: readonly string[];
  /** How many keys have not been offered. */
  readonly left: () => number;
}

export interface AuthenticationOptions {
  readonly user: string;
  readonly target: string;
  /** "host:port": where a password is valid. */
  readonly server: string;
  readonly identities: readonly Identity[];
  readonly login: LoginOptions;
  readonly askSecret: ConnectOptions["askSecret"];
  /** The clock stands still while somebody is asked. */
  readonly paused: <T>(work: () => Promise<T>) => Promise<T>;
  readonly onError: (error: unknown) => void;
}

/** sshd ends a connection at its sixth failure (MaxAuthTries): where a person can answer, one try is kept for that. */
const keysBeforeAsking = 5;

/** Makes the handler that the SSH library calls for the next thing to try. */
export function authenticate(options: AuthenticationOptions): Authentication {
  const { user, target, login, paused, onError } = options;
  const askSecret = login.ask ? options.askSecret : undefined;
  const place = `${user} on ${target}`;
  const secretKey = `password ${user}@${options.server}`;
  const tried: string[] = [];
  const waiting = [...options.identities];
  let answer: HostAnswer | undefined;
  let keys = 0;
  let asked = 0;
  let secret: SecretTry | undefined;
  const settle = (right: boolean | undefined) => {
    secret?.settle(right);
    secret = undefined;
  };
  const nextKey = async (): Promise<AnyAuthMethod | undefined> => {
    for (let identity = waiting.shift(); identity !== undefined; identity = waiting.shift()) {
      const place = tried.push(`${identity.label}: refused`) - 1;
      const note = (why: string) => {
        tried[place] = `${identity.label}: ${why}`;
      };
      try {
        const offered = await paused(() => identity.prepare());
        // Signing may take somebody's passphrase, or a touch.
        const sign = (data: Buffer, algorithm: string) => paused(() => offered.sign(data, algorithm));
        keys += 1;
        return offerMethod(user, { ...offered, sign }, note);
      } catch (error) {
        note((error as Error).message);
      }
    }
    return undefined;
  };
  const nextQuestion = async (left: readonly string[]): Promise<AnyAuthMethod | undefined> => {
    if (askSecret === undefined || asked >= login.passwordTries) return undefined;
    const keyboard = login.keyboard && left.includes("keyboard-interactive");
    if (!keyboard && !(login.password && left.includes("password"))) return undefined;
    asked += 1;
    tried.push(keyboard ? "what the host asked: refused" : "password: refused");
    const onSecret = (attempt: SecretTry) => {
      secret = attempt;
    };
    const tries = login.passwordTries;
    if (keyboard) {
      const prompt = createKeyboard({ ask: askSecret, place, secretKey, tries, paused, onError, onSecret });
      return { type: "keyboard-interactive", username: user, prompt };
    }
    const attempt = await paused(() => trySecret(askSecret, secretKey, `Password of ${place}: `, tries));
    if (attempt === undefined) return undefined;
    onSecret(attempt);
    return { type: "password", username: user, password: attempt.secret };
  };
  const nextMethod = async (): Promise<AnyAuthMethod | false> => {
    // Asked before anything was offered, the host says here what it takes.
    if (answer === undefined) return { type: "none", username: user };
    settle(answer.partial);
    const last = tried.at(-1);
    if (answer.partial && last !== undefined)
      tried[tried.length - 1] = last.replace(/: refused$/, ": accepted, not enough");
    const { left } = answer;
    const canAsk = askSecret !== undefined && left.some((method) => method !== "publickey");
    const key = left.includes("publickey") && !(canAsk && keys >= keysBeforeAsking) ? await nextKey() : undefined;
    return key ?? (await nextQuestion(left)) ?? false;
  };
  return {
    tried,
    left: () => waiting.length,
    hear(said) {
      answer = said;
    },
    end: (loggedIn) => settle(loggedIn ? true : undefined),
    handler: (_left, _partial, next) => {
      nextMethod().then((method) => next(method === false ? (false as never) : method), onError);
    },
  };
}
