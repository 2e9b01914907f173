// Connects to a host as OpenSSH would: configuration, jumps, host key, login.
import { connect as connectTcp, type Socket } from "node:net";
import { homedir, userInfo } from "node:os";
import type { Duplex } from "node:stream";
import type { Client } from "ssh2";
import { TunnelMeshError } from "../../../protocol/errors/error.ts";
import { type ResolvedTarget, resolveTarget } from "./configuration.ts";
import type { Connect, ConnectOptions, SshTarget } from "./connection.ts";
import { connectFailure } from "./failures.ts";
import { findIdentities } from "./identities.ts";
import { knownHostName, readKnownHosts } from "./known-hosts.ts";
import { type OpenedClient, openClient } from "./open.ts";
import { createSession } from "./session.ts";

interface Chain extends OpenedClient {
  readonly resolved: ResolvedTarget;
  readonly address: string;
  /** The hops before it, nearest to the host first. */
  readonly hops: readonly Client[];
}

const jumpLimit = 4;

/** Opens one connection to a host. @throws TunnelMeshError TM_SSH_… */
export const connectHost: Connect = async (target, options = {}) => {
  options.signal?.throwIfAborted();
  const chain = await openChain(target, options, 0);
  return createSession({
    client: chain.client,
    hops: chain.hops,
    target: target.target,
    address: chain.address,
    user: chain.resolved.user,
    hostKey: chain.hostKey,
    askSecret: options.askSecret,
  });
};

async function openChain(target: SshTarget, options: ConnectOptions, depth: number): Promise<Chain> {
  const resolved = resolveTarget(target.target, {
    home: options.home ?? homedir(),
    localUser: userInfo().username,
    environment: process.env,
    ...(target.port === undefined ? {} : { port: target.port }),
  });
  if (depth > jumpLimit)
    throw new TunnelMeshError("TM_SSH_CONFIGURATION", { detail: `${target.target}: too many jumps` });
  const [first, ...further] = resolved.jumps;
  if (first === undefined) return openDirect(target, resolved, options);
  const jump = await openChain({ target: first }, options, depth + 1 + further.length);
  let before = jump;
  try {
    for (const hop of further) {
      const next = resolveTarget(hop, {
        home: options.home ?? homedir(),
        localUser: userInfo().username,
        environment: process.env,
      });
      before = await openThrough({ target: hop }, next, before, options);
    }
    return await openThrough(target, resolved, before, options);
  } catch (error) {
    for (const client of [before.client, ...before.hops]) client.end();
    throw error;
  }
}

async function openDirect(target: SshTarget, resolved: ResolvedTarget, options: ConnectOptions): Promise<Chain> {
  options.onProgress?.(`connecting to ${resolved.host}`);
  const stream = await dial(resolved, options);
  const address = stream.remoteAddress ?? resolved.host;
  return { ...(await login(target, resolved, stream, address, options)), resolved, address, hops: [] };
}

async function openThrough(
  target: SshTarget,
  resolved: ResolvedTarget,
  jump: Chain,
  options: ConnectOptions,
): Promise<Chain> {
  options.onProgress?.(`connecting to ${resolved.host} through ${jump.resolved.host}`);
  const stream = await forward(jump, resolved);
  const opened = await login(target, resolved, stream, resolved.host, options);
  return { ...opened, resolved, address: resolved.host, hops: [jump.client, ...jump.hops] };
}

async function login(
  target: SshTarget,
  resolved: ResolvedTarget,
  stream: Duplex,
  address: string,
  options: ConnectOptions,
): Promise<OpenedClient> {
  const name = resolved.hostKeyAlias?.toLowerCase() ?? knownHostName(resolved.host, resolved.port);
  try {
    const [known, identities] = await Promise.all([
      target.hostKey === undefined ? readKnownHosts(resolved.knownHosts, name) : [],
      findIdentities(resolved, options, options.home ?? homedir()),
    ]);
    const knowledge = { target: resolved.target, name, pinned: target.hostKey, known, file: resolved.knownHosts[0] };
    return await openClient({ stream, resolved, address, knowledge, identities, options });
  } catch (error) {
    stream.destroy();
    throw error;
  }
}

function dial({ target, host, port }: ResolvedTarget, options: ConnectOptions): Promise<Socket> {
  const place = `${target} (${host}:${port})`;
  return new Promise((resolve, reject) => {
    const socket = connectTcp({ host, port, noDelay: true });
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
      options.timeout ?? 15_000,
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

function forward(jump: Chain, { target, host, port }: ResolvedTarget): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    jump.client.forwardOut("127.0.0.1", 0, host, port, (error, channel) => {
      if (error === undefined) return resolve(channel);
      const detail = `${target} (${host}:${port}) through ${jump.resolved.target}: ${error.message}`;
      const code = /refused/i.test(error.message) ? "TM_SSH_REFUSED" : "TM_SSH_NO_ROUTE";
      reject(new TunnelMeshError(code, { detail, cause: error }));
    });
  });
}
