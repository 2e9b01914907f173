// The members a question goes to: the stack's and those that came otherwise, by name, reached where they are.
import { networkInterfaces } from "node:os";
import type { MemberModel } from "../../../constructs/model.ts";
import { cidrContains } from "../../../protocol/addresses/cidr.ts";
import { TunnelMeshError } from "../../../protocol/errors/error.ts";
import type { Member, MeshView } from "../../../protocol/trust/member.ts";
import type { LocalHostInfo } from "../local/host.ts";
import { askMesh, type KnownMesh } from "./known-mesh.ts";
import type { HostOutcome, ReachedHost, UnreachedHost } from "./reach.ts";
import { type Run, reachedOf } from "./run.ts";
import { coordinatorOf } from "./specification.ts";

/** The id of the mesh that this stack has. @throws TunnelMeshError TM_DEPLOY_NOT_DEPLOYED */
export async function deployedMesh(run: Run): Promise<string> {
  const { view } = await run.home.read();
  if (view === undefined) throw new TunnelMeshError("TM_DEPLOY_NOT_DEPLOYED", { detail: run.model.name });
  return view.meshId;
}

export interface AddedMembers {
  /** Their hosts are known, or the mesh leads to them. */
  readonly members: readonly MemberModel[];
  /** They joined by themselves, and nothing here says how SSH finds them. */
  readonly apart: readonly UnreachedHost[];
}

/** Who is a member and not in the stack. */
export async function addedMembers(run: Run, known: KnownMesh): Promise<AddedMembers> {
  const names = new Set(run.model.members.flatMap(({ name, formerly }) => [name, formerly]));
  const added = [...known.view.members.values()].filter(({ name, via }) => !names.has(name) && via === undefined);
  if (added.length === 0) return { members: [], apart: [] };
  const locals = await localHostsHere(run);
  const inMesh = isInMesh(known.view, networkInterfaces());
  const members: MemberModel[] = [];
  const apart: UnreachedHost[] = [];
  for (const member of added) {
    const where = known.hosts[member.name] ?? whereElse(member, locals, inMesh);
    if (where !== undefined) members.push(describeMember(member, where));
    else apart.push(standApart(member));
  }
  return { members, apart };
}

/** The stack's members and the others: the coordinator is asked who these are, or any member while it does not answer. */
export async function allMembers(run: Run): Promise<AddedMembers> {
  const hub = coordinatorOf(run.model);
  let known = await askMesh(run, await run.reach(false, [hub]));
  const others = run.model.members.filter((member) => member !== hub);
  if (!known.fresh && others.length > 0) known = await askMesh(run, await run.reach(false, others));
  const { members, apart } = await addedMembers(run, known);
  return { members: [...run.model.members, ...members], apart };
}

/** The members of these names, in their order. @throws TunnelMeshError TM_DEPLOY_UNKNOWN_NODE, TM_DEPLOY_APART */
export function pickMembers(all: AddedMembers, names: readonly string[]): readonly MemberModel[] {
  return names.map((name) => {
    const found = all.members.find((member) => member.name === name);
    if (found !== undefined) return found;
    throw (
      all.apart.find(({ member }) => member.name === name)?.error ??
      new TunnelMeshError("TM_DEPLOY_UNKNOWN_NODE", { detail: name })
    );
  });
}

/** One member by name; one of the stack is found without asking anybody. @throws TunnelMeshError as pickMembers */
export async function findMember(run: Run, name: string): Promise<MemberModel> {
  const inStack = run.model.members.find((member) => member.name === name);
  if (inStack !== undefined) return inStack;
  const [found] = pickMembers(await allMembers(run), [name]);
  if (found === undefined) throw new TunnelMeshError("TM_DEPLOY_UNKNOWN_NODE", { detail: name });
  return found;
}

/** Reaches one member. @throws TunnelMeshError TM_DEPLOY_UNKNOWN_NODE, TM_DEPLOY_APART, or why it cannot be reached */
export async function reachNamed(run: Run, name: string): Promise<ReachedHost> {
  const outcomes: readonly HostOutcome[] = await run.reach(false, [await findMember(run, name)]);
  const [reached] = reachedOf(outcomes);
  if (reached !== undefined) return reached;
  const [outcome] = outcomes;
  throw outcome?.kind === "unreached" ? outcome.error : new TunnelMeshError("TM_DEPLOY_UNKNOWN_NODE", { detail: name });
}

type Where = { readonly target: string; readonly port?: number | undefined; readonly hostKey: string };

function whereElse(member: Member, locals: readonly LocalHostInfo[], inMesh: boolean): Where | undefined {
  const { sshPublicKey: hostKey, ip4, ip6 } = member;
  const local = locals.find((host) => host.hostKey === hostKey && host.state === "running");
  if (local !== undefined) return { target: `root@${local.address}`, port: 22, hostKey };
  return inMesh ? { target: ip4 ?? ip6, hostKey } : undefined;
}

/** Says whether this machine has an address of the mesh: then SSH finds every member there. */
export function isInMesh(
  view: Pick<MeshView, "range">,
  interfaces: Readonly<Record<string, readonly { readonly family: string; readonly address: string }[] | undefined>>,
): boolean {
  return Object.values(interfaces).some((addresses) =>
    addresses?.some(({ family, address }) => family === "IPv4" && cidrContains(view.range, address)),
  );
}

/** Only where the stack has any: they need root, and nobody else has them. */
async function localHostsHere(run: Run): Promise<readonly LocalHostInfo[]> {
  if (!run.model.members.some(({ host }) => host.kind === "local")) return [];
  return (await run.reachOptions.local()).list();
}

function describeMember({ name, groups, routes }: Member, { target, port, hostKey }: Where): MemberModel {
  const host = { kind: "ssh", target, hostKey, ...(port === undefined ? {} : { port }) } as const;
  return { name, role: "node", host, groups, routes, dnsNames: [] };
}

function standApart(member: Member): UnreachedHost {
  const { name, ip4, ip6, sshPublicKey: hostKey } = member;
  const described = describeMember(member, { target: ip4 ?? ip6, hostKey });
  return { kind: "unreached", member: described, error: new TunnelMeshError("TM_DEPLOY_APART", { detail: name }) };
}
