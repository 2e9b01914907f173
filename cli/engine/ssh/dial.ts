// Opens the stream to a host that is reached directly: TCP, or what a ProxyCommand says.
import { connect as connectTcp, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { TunnelMeshError } from "../../../protocol/errors/error.ts";
import type { ResolvedTarget } from "./configuration.ts";
import type { ConnectOptions } from "./connection.ts";
import { connectFailure } from "./failures.ts";
import { startProxyCommand } from "./proxy-command.ts";

export interface Dialled {
  readonly stream: Duplex;
  /** The address connected to; behind a ProxyCommand the name. */
  readonly address: string;
}

const betweenAttempts = 1000;

/** @throws TunnelMeshError TM_SSH_DNS, TM_SSH_REFUSED, TM_SSH_NO_ROUTE, TM_SSH_TIMEOUT */
export async function dial(resolved: ResolvedTarget, options: ConnectOptions): Promise<Dialled> {
  if (resolved.proxyCommand !== undefined) {
    return { stream: startProxyCommand(resolved.proxyCommand), address: resolved.host };
  }
  for (let left = resolved.dial.attempts; ; left -= 1) {
    try {
      const stream = await dialTcp(resolved, options);
      return { stream, address: stream.remoteAddress ?? resolved.host };
    } catch (error) {
      if (left <= 1 || options.signal?.aborted === true) throw error;
      await sleep(betweenAttempts, undefined, options.signal === undefined ? {} : { signal: options.signal });
    }
  }
}

function dialTcp({ target, host, port, dial }: ResolvedTarget, options: ConnectOptions): Promise<Socket> {
  const place = `${target} (${host}:${port})`;
  return new Promise((resolve, reject) => {
    const { family, localAddress } = dial;
    const socket = connectTcp({
      host,
      port,
      noDelay: true,
      family,
      ...(localAddress === undefined ? {} : { localAddress }),
    });
    const settle = () => {
      clearTimeout(timer);
      options.signal?.removeEventListener("abort", abort);
    };
    const fail = (error: unknown) => {
      settle();
      socket.destroy();
      reject(error);
    };
    const abort = () => fail(options.signal?.reason);
    const timer = setTimeout(
      () => fail(new TunnelMeshError("TM_SSH_TIMEOUT", { detail: place })),
      dial.timeout ?? options.timeout ?? 15_000,
    );
    options.signal?.addEventListener("abort", abort, { once: true });
    socket.once("error", (error) => fail(connectFailure(error, place)));
    socket.once("connect", () => {
      settle();
      socket.removeAllListeners("error");
      // Between here and the handshake the SSH library listens; without anybody an error would end the process.
      socket.on("error", () => undefined);
      resolve(socket);
    });
  });
}
