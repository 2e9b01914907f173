// Opens one authenticated SSH client over a stream, with a clock that stands still while somebody is asked.
import type { Duplex } from "node:stream";
import { Client, type ServerHostKeyAlgorithm } from "ssh2";
import { TunnelMeshError } from "../../../protocol/errors/error.ts";
import { authenticate } from "./authenticate.ts";
import { judgeShownKey } from "./changed-key.ts";
import type { ResolvedTarget } from "./configuration.ts";
import type { ConnectOptions } from "./connection.ts";
import { connectFailure, isAuthenticationFailure, loginFailure } from "./failures.ts";
import { type HostKeyKnowledge, hostKeyAlgorithms, hostKeyLine } from "./host-key.ts";
import type { Identity } from "./identities.ts";
import { acceptOffers } from "./offered-key.ts";

export interface OpenParameters {
  readonly stream: Duplex;
  readonly resolved: ResolvedTarget;
  /** For messages and the question: where the stream leads. */
  readonly address: string;
  readonly knowledge: HostKeyKnowledge;
  readonly identities: readonly Identity[];
  readonly options: ConnectOptions;
}

export interface OpenedClient {
  readonly client: Client;
  /** "ssh-ed25519 AAAA…" */
  readonly hostKey: string;
}

const keepaliveInterval = 15_000;
const keepaliveCount = 3;

/** Handshake and login. @throws TunnelMeshError TM_SSH_… */
export function openClient({
  stream,
  resolved,
  address,
  knowledge,
  identities,
  options,
}: OpenParameters): Promise<OpenedClient> {
  const place = `${resolved.target} (${address}:${resolved.port})`;
  return new Promise((resolve, reject) => {
    const client = new Client();
    let hostKey: string | undefined;
    const clock = startClock(options.timeout ?? 15_000, () =>
      fail(new TunnelMeshError("TM_SSH_TIMEOUT", { detail: place })),
    );
    const abort = () => fail(options.signal?.reason);
    const settle = (loggedIn = false) => {
      clock.stop();
      authentication.end(loggedIn);
      options.signal?.removeEventListener("abort", abort);
    };
    const fail = (error: unknown) => {
      settle();
      client.removeAllListeners();
      // Whatever the library still says about a connection that is given up has been said already.
      client.on("error", () => undefined);
      client.destroy();
      stream.destroy();
      reject(error);
    };
    const authentication = authenticate({
      user: resolved.user,
      target: resolved.target,
      server: `${resolved.host}:${resolved.port}`,
      identities,
      login: resolved.login,
      askSecret: options.askSecret,
      paused: clock.pause,
      onError: fail,
    });
    client.once("ready", () => {
      settle(true);
      client.removeAllListeners("error").removeAllListeners("close");
      if (hostKey === undefined) return fail(new TunnelMeshError("TM_SSH_HANDSHAKE", { detail: place }));
      resolve({ client, hostKey });
    });
    client.on("error", (error) => {
      // A key that could not sign is noted already, and the next one is tried.
      if ((error as { level?: unknown }).level === "agent") return;
      if (!isAuthenticationFailure(error)) return fail(connectFailure(error, place));
      fail(loginFailure(error, `${resolved.user} on ${place}`, authentication));
    });
    client.once("change password", () => {
      const detail = `${resolved.user} on ${place}: the password has expired`;
      fail(new TunnelMeshError("TM_SSH_AUTH", { detail, advice: [`Change it by hand: ssh ${resolved.target}`] }));
    });
    client.once("close", () =>
      fail(new TunnelMeshError("TM_SSH_HANDSHAKE", { detail: `${place} closed the connection` })),
    );
    options.signal?.addEventListener("abort", abort, { once: true });
    if (options.signal?.aborted === true) return abort();
    // It may have ended while keys were looked up: then it will not say so again.
    if (stream.destroyed) return fail(connectFailure(stream.errored ?? new Error("it closed the connection"), place));
    try {
      client.connect({
        sock: stream,
        username: resolved.user,
        readyTimeout: 0,
        keepaliveInterval: resolved.dial.keepalive?.interval ?? keepaliveInterval,
        keepaliveCountMax: resolved.dial.keepalive?.count ?? keepaliveCount,
        algorithms: {
          ...resolved.algorithms.offered,
          serverHostKey: hostKeyAlgorithms(knowledge, plain(resolved.algorithms.hostKey)) as ServerHostKeyAlgorithm[],
        },
        authHandler: authentication.handler,
        hostVerifier: (blob: Buffer, verify: (valid: boolean) => void) => {
          // Also called when keys are exchanged again: then only the same key will do.
          if (hostKey !== undefined) return verify(hostKeyLine(blob) === hostKey);
          const judged = clock.pause(() => judgeShownKey(hostKeyLine(blob), address, knowledge, options));
          judged.then(() => {
            hostKey = hostKeyLine(blob);
            verify(true);
          }, fail);
        },
      });
      acceptOffers(client, authentication.hear);
    } catch (error) {
      fail(connectFailure(error, place));
    }
  });
}

/** Certificates are asked for on their own. */
function plain(algorithms: readonly string[]): string[] {
  return algorithms.filter((name) => !name.includes("-cert-"));
}

function startClock(duration: number, onEnd: () => void) {
  let left = duration;
  let started = performance.now();
  let stopped = false;
  let timer = setTimeout(onEnd, left);
  return {
    async pause<T>(work: () => Promise<T>): Promise<T> {
      clearTimeout(timer);
      left -= performance.now() - started;
      try {
        return await work();
      } finally {
        started = performance.now();
        clearTimeout(timer);
        if (!stopped) timer = setTimeout(onEnd, Math.max(0, left));
      }
    },
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
