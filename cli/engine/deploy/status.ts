// tm status, tm peers, tm ping, tm unlock, tm history: questions to a running mesh.
import { z } from "zod";
import type { MemberModel } from "../../../constructs/model.ts";
import { agentStatusSchema, peerStatusSchema, pingReplySchema } from "../../../protocol/control/agent.ts";
import { agentRequest } from "../install/control.ts";
import type { HostConnection } from "../ssh/connection.ts";
import type { DeployHistory, HostStatus, MeshStatus, PingMember, UnlockStack } from "./contract.ts";
import { connectCoordinator } from "./coordinator.ts";
import { deployedMesh, membersWithAdded, pickMembers, reachNamed } from "./members.ts";
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
    const wanted = parameters.names === undefined ? members : pickMembers(members, parameters.names);
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
    const host = await reachNamed(run, from);
    const request = { method: "ping", peer: to, count } as const;
    const reply = await agentRequest(host.connection, run.model.name, request, run.context.signal);
    return { from, to, ...pingReplySchema.parse(reply) };
  });

/** Ends whoever's deploy lease; see the contract. */
export const unlockStack: UnlockStack = (context) =>
  withRun(context, async (run) => {
    const local = await run.home.unlock();
    const { view } = await run.home.read();
    // Before the first deploy has signed anything there is no coordinator whose lease could be held.
    const holder = (view === undefined ? undefined : await breakLease(run)) ?? local;
    return {
      mesh: run.model.name,
      ...(holder === undefined ? {} : { holder: { name: holder.name, machine: holder.machine, pid: holder.pid } }),
    };
  });

async function breakLease(run: Run) {
  const hub = coordinatorHost(await run.reach(false, [coordinatorOf(run.model)]));
  return connectCoordinator(hub.connection, run.model.name, run.context.signal).breakLease();
}

/** Who deployed what, when; see the contract. */
export const deployHistory: DeployHistory = (context) =>
  withRun(context, async (run) => {
    await deployedMesh(run);
    const hub = coordinatorHost(await run.reach(false, [coordinatorOf(run.model)]));
    const records = await connectCoordinator(hub.connection, run.model.name, run.context.signal).history();
    return { mesh: run.model.name, deploys: shownRecords(records) };
  });

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
