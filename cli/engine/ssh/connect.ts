// Connects to a host as OpenSSH would: configuration, jumps, host key, login.
import { homedir } from "node:os";
import type { Duplex } from "node:stream";
import type { Client } from "ssh2";
import { TunnelMeshError } from "../../../protocol/errors/error.ts";
import type { ResolvedTarget } from "./configuration.ts";
import type { Connect, ConnectOptions, SshTarget } from "./connection.ts";
import { type Dialled, dial } from "./dial.ts";
import { type CertificateVerdict, certificateAlgorithms, judgeCertificate } from "./host-certificate.ts";
import { findIdentities } from "./identities.ts";
import { type KnownKey, knownHostName, readKnownHosts } from "./known-hosts.ts";
import { type OpenedClient, openClient } from "./open.ts";
import { resolveForUser } from "./resolve.ts";
import { scanCertificate } from "./scan-certificate.ts";
import { createSession } from "./session.ts";
import { visible } from "./visible.ts";
import { within } from "./within.ts";

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
  const resolved = await resolveForUser(target, options.home);
  if (depth > jumpLimit)
    throw new TunnelMeshError("TM_SSH_CONFIGURATION", { detail: `${target.target}: too many jumps` });
  const [first, ...further] = resolved.jumps;
  if (first === undefined) return openDirect(target, resolved, options);
  const jump = await openChain({ target: first }, options, depth + 1 + further.length);
  let before = jump;
  try {
    for (const hop of further) {
      const next = await resolveForUser({ target: hop }, options.home);
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
  return { ...(await login(target, resolved, () => dial(resolved, options), options)), resolved, hops: [] };
}

async function openThrough(
  target: SshTarget,
  resolved: ResolvedTarget,
  jump: Chain,
  options: ConnectOptions,
): Promise<Chain> {
  options.onProgress?.(`connecting to ${resolved.host} through ${jump.resolved.host}`);
  const open = async () => ({ stream: await forwardInTime(jump, resolved, options), address: resolved.host });
  return { ...(await login(target, resolved, open, options)), resolved, hops: [jump.client, ...jump.hops] };
}

/** `open` makes a stream to the host; a second one is needed where it may have a certificate. */
async function login(
  target: SshTarget,
  resolved: ResolvedTarget,
  open: () => Promise<Dialled>,
  options: ConnectOptions,
): Promise<OpenedClient & { readonly address: string }> {
  const name = resolved.hostKeys.alias ?? knownHostName(resolved.host, resolved.port);
  const { stream, address } = await open();
  try {
    const [known, identities] = await Promise.all([
      target.hostKey === undefined && target.firstContact !== true ? readKnownHosts(resolved.hostKeys, name) : [],
      findIdentities(resolved, options, options.home ?? homedir()),
    ]);
    const certificate = await findCertificate(resolved, known, open, options);
    const knowledge = {
      target: resolved.target,
      name,
      pinned: target.hostKey,
      known,
      options: resolved.hostKeys,
      ...(target.firstContact === true ? { firstContact: true as const } : {}),
      ...(certificate === undefined ? {} : { certificate }),
    };
    const publicKeyOnly = { ...resolved, login: { ...resolved.login, password: false, keyboard: false } };
    const trusted = target.firstContact === true ? publicKeyOnly : resolved;
    return { ...(await openClient({ stream, resolved: trusted, address, knowledge, identities, options })), address };
  } catch (error) {
    stream.destroy();
    throw error;
  }
}

/** Undefined: no authority speaks for this host, or it has no certificate. */
async function findCertificate(
  resolved: ResolvedTarget,
  known: readonly KnownKey[],
  open: () => Promise<Dialled>,
  options: ConnectOptions,
): Promise<CertificateVerdict | undefined> {
  if (!known.some((key) => key.authority)) return undefined;
  const blob = await scanCertificate((await open()).stream, {
    algorithms: certificateAlgorithms(resolved),
    timeout: options.timeout ?? 15_000,
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  return blob === undefined
    ? undefined
    : judgeCertificate(blob, known, resolved, BigInt(Math.floor(Date.now() / 1000)));
}

/** A jump host may say neither yes nor no. */
function forwardInTime(jump: Chain, resolved: ResolvedTarget, options: ConnectOptions): Promise<Duplex> {
  const detail = `${resolved.target} (${resolved.host}:${resolved.port}) through ${jump.resolved.target}`;
  return within(
    forward(jump, resolved),
    resolved.dial.timeout ?? options.timeout ?? 15_000,
    () => new TunnelMeshError("TM_SSH_TIMEOUT", { detail }),
    (stream) => stream.destroy(),
    options.signal,
  );
}

function forward(jump: Chain, { target, host, port }: ResolvedTarget): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    jump.client.forwardOut("127.0.0.1", 0, host, port, (error, channel) => {
      if (error === undefined) return resolve(channel);
      const detail = `${target} (${host}:${port}) through ${jump.resolved.target}: ${visible(error.message, 500)}`;
      const code = /refused/i.test(error.message) ? "TM_SSH_REFUSED" : "TM_SSH_NO_ROUTE";
      reject(new TunnelMeshError(code, { detail, cause: error }));
    });
  });
}
