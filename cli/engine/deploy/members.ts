// The members a question goes to: the stack's and those added by hand, by name, reached where they are.
import type { MemberModel } from "../../../constructs/model.ts";
import { isTunnelMeshError, TunnelMeshError } from "../../../protocol/errors/error.ts";
import { connectCoordinator } from "./coordinator.ts";
import { type KnownHost, knownHosts, readRecords, trustedHosts } from "./known-hosts.ts";
import type { ReachedHost } from "./reach.ts";
import { coordinatorHost, type Run } from "./run.ts";
import { coordinatorOf } from "./specification.ts";

/** The id of the mesh that this stack has. @throws TunnelMeshError TM_DEPLOY_NOT_DEPLOYED */
export async function deployedMesh(run: Run): Promise<string> {
  const { view } = await run.home.read();
  if (view === undefined) throw new TunnelMeshError("TM_DEPLOY_NOT_DEPLOYED", { detail: run.model.name });
  return view.meshId;
}

/** The stack's members and those that were added by hand: where these are, the coordinator knows. */
export async function membersWithAdded(run: Run): Promise<readonly MemberModel[]> {
  const stack = run.model.members;
  const { view } = await run.home.read();
  const names = new Set(stack.map(({ name }) => name));
  const added = [...(view?.members.values() ?? [])].filter(({ name }) => !names.has(name));
  if (added.length === 0) return stack;
  const known = trustedHosts(await whereAdded(run), added);
  return [
    ...stack,
    ...added.flatMap(({ name, groups, routes }): readonly MemberModel[] => {
      const where = known[name];
      if (where === undefined) return [];
      const { target, port, hostKey } = where;
      const host = { kind: "ssh", target, hostKey, ...(port === undefined ? {} : { port }) } as const;
      return [{ name, role: "node", host, groups, routes, dnsNames: [] }];
    }),
  ];
}

/** Where members were reached last; empty, and said in the log, while the coordinator cannot be asked. */
async function whereAdded(run: Run): Promise<Readonly<Record<string, KnownHost>>> {
  try {
    const hub = coordinatorHost(await run.reach(false, [coordinatorOf(run.model)]));
    const coordinator = connectCoordinator(hub.connection, run.model.name, run.context.signal);
    return knownHosts(readRecords(await coordinator.history()));
  } catch (error) {
    if (run.context.signal.aborted || !isTunnelMeshError(error)) throw error;
    run.context.progress.log(`the coordinator could not say where added members are: ${error.message}`);
    return {};
  }
}

/** The members of these names, in their order. @throws TunnelMeshError TM_DEPLOY_UNKNOWN_NODE */
export function pickMembers(members: readonly MemberModel[], names: readonly string[]): readonly MemberModel[] {
  return names.map((name) => {
    const found = members.find((member) => member.name === name);
    if (found === undefined) throw new TunnelMeshError("TM_DEPLOY_UNKNOWN_NODE", { detail: name });
    return found;
  });
}

/** Reaches one member. @throws TunnelMeshError TM_DEPLOY_UNKNOWN_NODE, or why it cannot be reached */
export async function reachNamed(run: Run, name: string): Promise<ReachedHost> {
  const [outcome] = await run.reach(false, pickMembers(await membersWithAdded(run), [name]));
  if (outcome?.kind === "reached") return outcome;
  throw outcome?.error ?? new TunnelMeshError("TM_DEPLOY_UNKNOWN_NODE", { detail: name });
}
