// Reaches every host of a stack over SSH, making the local ones first; a host that fails is a value, not the end.
import pLimit from "p-limit";
import type { MemberModel, MeshModel } from "../../../constructs/model.ts";
import type { NodeId } from "../../../protocol/brand.ts";
import { isTunnelMeshError, TunnelMeshError } from "../../../protocol/errors/error.ts";
import { nodeIdOf, parseSshPublicKey } from "../../../protocol/trust/ssh-public-key.ts";
import type { Progress } from "../../output/progress.ts";
import type { LocalHostInfo, LocalHosts } from "../local/host.ts";
import type { Connect, ConnectOptions, HostConnection, SshTarget } from "../ssh/connection.ts";

/** A host that answered, with the key its session proved. */
export interface ReachedHost {
  readonly kind: "reached";
  readonly member: MemberModel;
  readonly connection: HostConnection;
  readonly nid: NodeId;
  readonly sshPublicKey: string;
}

export interface UnreachedHost {
  readonly kind: "unreached";
  readonly member: MemberModel;
  readonly error: TunnelMeshError;
}

export type HostOutcome = ReachedHost | UnreachedHost;

/** Where a droplet is; without a host key nobody here knows it yet. */
export interface DropletPlace {
  readonly address: string;
  readonly hostKey?: string;
}

/** Where the hosts are that a stack does not name by address, by member name. */
export interface HostPlaces {
  readonly locals: ReadonlyMap<string, LocalHostInfo>;
  readonly droplets: ReadonlyMap<string, DropletPlace>;
}

export interface ReachOptions {
  readonly local: () => Promise<LocalHosts>;
  /** Droplets that exist. */
  readonly droplets: () => Promise<ReadonlyMap<string, DropletPlace>>;
  readonly connect: Connect;
  readonly connectOptions: ConnectOptions;
  readonly parallel: number;
  readonly progress: Progress;
  readonly signal: AbortSignal;
  /** False: local hosts that are not there are reported, not made (status, remove, destroy). */
  readonly make: boolean;
}

/** Reaches all members of `model` at once, at most `parallel` at a time. Whoever calls closes the connections. */
export async function reachHosts(model: MeshModel, options: ReachOptions): Promise<readonly HostOutcome[]> {
  const places = await findPlaces(model, options);
  const limit = pLimit(options.parallel);
  return Promise.all(model.members.map((member) => limit(() => reachMember(member, places, options))));
}

/** Reaches one host that is no stack member (yet). @throws TunnelMeshError TM_SSH_… */
export async function reachTarget(
  target: SshTarget,
  options: ReachOptions,
): Promise<Omit<ReachedHost, "kind" | "member">> {
  const connection = await options.connect(target, { ...options.connectOptions, signal: options.signal });
  const key = parseSshPublicKey(connection.hostKey);
  return { connection, nid: nodeIdOf(key), sshPublicKey: key.line };
}

/** Where local hosts and droplets of `model` are; nobody is asked about a kind that it has none of. */
export async function findPlaces(model: MeshModel, options: ReachOptions): Promise<HostPlaces> {
  const locals = await localHosts(model, options);
  const cloud = model.members.some(({ host }) => host.kind === "droplet");
  return { locals, droplets: cloud ? await options.droplets() : new Map() };
}

/** The local hosts of `model` by name: made where that is asked for, else those that run. */
export async function localHosts(model: MeshModel, options: ReachOptions): Promise<ReadonlyMap<string, LocalHostInfo>> {
  const specs = model.members.flatMap(({ name, host }) =>
    host.kind === "local" ? [{ name, nat: host.nat, internet: host.internet }] : [],
  );
  if (specs.length === 0) return new Map();
  const hosts = await options.local();
  const infos = options.make
    ? await hosts.up(model.name, specs, {
        authorizedKeys: [...model.admins, ...heldLines(options)],
        signal: options.signal,
        onProgress: (host, text) => options.progress.row(host).update(text),
      })
    : (await hosts.list(model.name)).filter((info) => info.state === "running");
  return new Map(infos.map((info) => [info.name, info]));
}

/** Whoever makes a host with a key that lies in no file wants to log in to it. */
function heldLines({ connectOptions }: ReachOptions): readonly string[] {
  return (connectOptions.heldKeys ?? []).map(({ blob }) => parseSshPublicKey(blob).line);
}

async function reachMember(member: MemberModel, places: HostPlaces, options: ReachOptions): Promise<HostOutcome> {
  const row = options.progress.row(member.name);
  try {
    row.update("connecting");
    const reached = await reachTarget(sshTarget(member, places), options);
    row.done(`reached at ${reached.connection.address}`);
    return { kind: "reached", member, ...reached };
  } catch (error) {
    if (options.signal.aborted || !isTunnelMeshError(error)) throw error;
    // A local host that nobody has made is nothing that went wrong: a deploy makes it, a destroy has nothing to do.
    if (isMissing(error)) row.skip("not there");
    else row.fail(error.message);
    return { kind: "unreached", member, error: withRekeyAdvice(member, error) };
  }
}

/** Says whether nobody has made the host yet, or it is gone: a deploy makes it. */
export function isMissing({ code }: TunnelMeshError): boolean {
  return code === "TM_DEPLOY_LOCAL_MISSING" || code === "TM_CLOUD_NO_DROPLET";
}

/** A changed key of a member is more than a line of known_hosts: the mesh knows the host by it. */
function withRekeyAdvice({ name, host }: MemberModel, error: TunnelMeshError): TunnelMeshError {
  if (error.code !== "TM_SSH_HOST_KEY_CHANGED" || host.kind !== "ssh") return error;
  const [compare = ""] = error.advice;
  const pinned = host.hostKey === undefined ? "" : " (where the stack file names its hostKey, change that first)";
  const advice = [compare, `If it was rebuilt on purpose: tm rekey ${name}${pinned}`];
  return new TunnelMeshError(error.code, {
    advice,
    cause: error,
    ...(error.detail === undefined ? {} : { detail: error.detail }),
  });
}

/** How SSH finds the host of a member. @throws TunnelMeshError TM_CLOUD_NO_DROPLET, TM_DEPLOY_LOCAL_MISSING */
export function sshTarget({ name, host }: MemberModel, { locals, droplets }: HostPlaces): SshTarget {
  switch (host.kind) {
    case "ssh":
      return {
        target: host.target,
        ...(host.port === undefined ? {} : { port: host.port }),
        ...(host.hostKey === undefined ? {} : { hostKey: host.hostKey }),
      };
    case "local": {
      const local = locals.get(name);
      if (local === undefined) throw new TunnelMeshError("TM_DEPLOY_LOCAL_MISSING", { detail: name });
      return { target: `root@${local.address}`, port: 22, hostKey: local.hostKey };
    }
    case "droplet": {
      const droplet = droplets.get(name);
      if (droplet === undefined) throw new TunnelMeshError("TM_CLOUD_NO_DROPLET", { detail: name });
      return dropletTarget(droplet);
    }
    default:
      return host satisfies never;
  }
}

/** A droplet's first user is root, and its sshd listens where sshd does. */
export function dropletTarget({ address, hostKey }: DropletPlace): SshTarget {
  return { target: `root@${address}`, port: 22, ...(hostKey === undefined ? {} : { hostKey }) };
}
