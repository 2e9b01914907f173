// tm status, tm peers, tm ping, tm unlock, tm history: questions to a running mesh.
import { z } from "zod";
import type { MemberModel } from "../../../constructs/model.ts";
import { agentStatusSchema, peerStatusSchema, pingReplySchema } from "../../../protocol/control/agent.ts";
import { TunnelMeshError } from "../../../protocol/errors/error.ts";
import { agentRequest } from "../install/control.ts";
import type { HostConnection } from "../ssh/connection.ts";
import type { DeployHistory, HostStatus, MeshStatus, PingMember, UnlockStack } from "./contract.ts";
import { connectCoordinator } from "./coordinator.ts";
import { knownHosts, readRecords } from "./known-hosts.ts";
import type { HostOutcome } from "./reach.ts";
import { shownRecords } from "./record.ts";
import { reportError, settleAll } from "./report.ts";
import { coordinatorHost, type Run, withRun } from "./run.ts";
import { coordinatorOf } from "./specification.ts";

/** Asks every member's agent; see the contract. */
export const meshStatus: MeshStatus = (parameters) =>
  withRun(parameters, async (run) => {
    const meshId = await deployedMesh(run);
    const members = await membersWithAdded(run);
    const wanted = parameters.names === undefined ? members : pick(members, parameters.names);
    run.context.progress.phase("Asking members");
    const outcomes = await run.reach(false, wanted);
    const hosts = await settleAll(outcomes, run.parallel, run.context.signal, (outcome) => askHost(run, outcome));
    return {
      mesh: run.model.name,
      meshId,
      stage: run.model.stage,
      hosts: hosts.map((one) => (one.ok ? one.value : { ...base(one.of.member), error: reportError(one.error) })),
    };
  });

/** Pings from one member's agent; see the contract. */
export const pingMember: PingMember = ({ from, to, count, ...context }) =>
  withRun(context, async (run) => {
    await deployedMesh(run);
    const [outcome] = await run.reach(false, pick(await membersWithAdded(run), [from]));
    if (outcome?.kind !== "reached")
      throw outcome?.error ?? new TunnelMeshError("TM_DEPLOY_UNKNOWN_NODE", { detail: from });
    const request = { method: "ping", peer: to, count } as const;
    const reply = await agentRequest(outcome.connection, run.model.name, request, run.context.signal);
    return { from, to, ...pingReplySchema.parse(reply) };
  });

/** Ends whoever's deploy lease; see the contract. */
export const unlockStack: UnlockStack = (context) =>
  withRun(context, async (run) => {
    const local = await run.home.unlock();
    await deployedMesh(run);
    const hub = coordinatorHost(await run.reach(false, [coordinatorOf(run.model)]));
    const held = await connectCoordinator(hub.connection, run.model.name, run.context.signal).breakLease();
    const holder = held ?? local;
    return {
      mesh: run.model.name,
      ...(holder === undefined ? {} : { holder: { name: holder.name, machine: holder.machine, pid: holder.pid } }),
    };
  });

/** Who deployed what, when; see the contract. */
export const deployHistory: DeployHistory = (context) =>
  withRun(context, async (run) => {
    await deployedMesh(run);
    const hub = coordinatorHost(await run.reach(false, [coordinatorOf(run.model)]));
    const records = await connectCoordinator(hub.connection, run.model.name, run.context.signal).history();
    return { mesh: run.model.name, deploys: shownRecords(records) };
  });

async function deployedMesh(run: Run): Promise<string> {
  const { view } = await run.home.read();
  if (view === undefined) throw new TunnelMeshError("TM_DEPLOY_NOT_DEPLOYED", { detail: run.model.name });
  return view.meshId;
}

/** The stack's members and those that were added by hand: where these are, the coordinator knows. */
async function membersWithAdded(run: Run): Promise<readonly MemberModel[]> {
  const stack = run.model.members;
  const { view } = await run.home.read();
  const names = new Set(stack.map(({ name }) => name));
  const added = [...(view?.members.values() ?? [])].filter(({ name }) => !names.has(name));
  const [hub] = added.length === 0 ? [] : await run.reach(false, [coordinatorOf(run.model)]);
  if (hub?.kind !== "reached") return stack;
  const known = knownHosts(
    readRecords(await connectCoordinator(hub.connection, run.model.name, run.context.signal).history()),
  );
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

function pick(members: readonly MemberModel[], names: readonly string[]): readonly MemberModel[] {
  return names.map((name) => {
    const found = members.find((member) => member.name === name);
    if (found === undefined) throw new TunnelMeshError("TM_DEPLOY_UNKNOWN_NODE", { detail: name });
    return found;
  });
}

async function askHost(run: Run, outcome: HostOutcome): Promise<HostStatus> {
  if (outcome.kind === "unreached") return { ...base(outcome.member), error: reportError(outcome.error) };
  const { agent, peers } = await askAgent(run, outcome.connection);
  return { ...base(outcome.member), agent, peers };
}

async function askAgent(run: Run, connection: HostConnection) {
  const { signal } = run.context;
  const mesh = run.model.name;
  const agent = agentStatusSchema.parse(await agentRequest(connection, mesh, { method: "status" }, signal));
  const peers = z.array(peerStatusSchema).parse(await agentRequest(connection, mesh, { method: "peers" }, signal));
  return { agent, peers };
}

function base(member: MemberModel): Omit<HostStatus, "agent" | "error"> {
  return { name: member.name, role: member.role, peers: [] };
}
