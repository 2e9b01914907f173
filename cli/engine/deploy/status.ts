// tm status, tm peers, tm ping, tm unlock, tm history: questions to a running mesh.
import { z } from "zod";
import type { MemberModel } from "../../../constructs/model.ts";
import { agentStatusSchema, peerStatusSchema, pingReplySchema } from "../../../protocol/control/agent.ts";
import type { Member } from "../../../protocol/trust/member.ts";
import { agentRequest } from "../install/control.ts";
import type { HostConnection } from "../ssh/connection.ts";
import type { DeployHistory, HostStatus, MeshStatus, PingMember, UnlockStack } from "./contract.ts";
import { connectCoordinator } from "./coordinator.ts";
import { askMesh } from "./known-mesh.ts";
import { addedMembers, deployedMesh, findMember, reachNamed } from "./members.ts";
import type { HostOutcome } from "./reach.ts";
import { shownRecords } from "./record.ts";
import { reportError, settleAll } from "./report.ts";
import { coordinatorHost, type Run, withRun } from "./run.ts";
import { coordinatorOf } from "./specification.ts";

/** Asks every member's agent; see the contract. */
export const meshStatus: MeshStatus = (parameters) =>
  withRun(parameters, async (run) => {
    const meshId = await deployedMesh(run);
    run.context.progress.phase("Asking members");
    const { names } = parameters;
    const { outcomes, apart } = names === undefined ? await everybody(run) : await reachNames(run, names);
    const settled = await settleAll(outcomes, run.parallel, run.context.signal, (outcome) => askHost(run, outcome));
    const asked = settled.map((one) =>
      one.ok ? one.value : { ...base(one.of.member), error: reportError(one.error) },
    );
    const hosts = [...asked, ...apart.map((member) => seenMember(member, asked))];
    return { mesh: run.model.name, meshId, stage: run.model.stage, hosts };
  });

/** The stack's members say who else is one. */
async function everybody(run: Run) {
  const stack = await run.reach(false);
  const { view, members, apart } = await askMesh(run, stack).then(async (known) => ({
    view: known.view,
    ...(await addedMembers(run, known)),
  }));
  const added = members.length === 0 ? [] : await run.reach(false, members);
  // The mesh leads to whoever has joined, but not everybody there answers SSH: then the others tell of it.
  const addresses = new Set<string>([...view.members.values()].flatMap(({ ip4, ip6 }) => [ip4 ?? ip6]));
  const silent = added.filter(
    ({ kind, member: { host } }) => kind === "unreached" && host.kind === "ssh" && addresses.has(host.target),
  );
  const outcomes = [...stack, ...added.filter((outcome) => !silent.includes(outcome))];
  const names = new Set([...apart, ...silent].map(({ member }) => member.name));
  return { outcomes, apart: [...view.members.values()].filter(({ name }) => names.has(name)) };
}

async function reachNames(run: Run, names: readonly string[]) {
  const members: MemberModel[] = [];
  for (const name of names) members.push(await findMember(run, name));
  return { outcomes: await run.reach(false, members), apart: [] };
}

/** A member that SSH does not find, as the others see it. */
export function seenMember({ name, nid, ip4, ip6 }: Member, asked: readonly HostStatus[]): HostStatus {
  const seeing = asked.filter(({ peers }) => peers.some((peer) => peer.nid === nid));
  const by = seeing.filter(({ peers }) => peers.some((peer) => peer.nid === nid && peer.online));
  const addresses = { ip6, ...(ip4 === undefined ? {} : { ip4 }) };
  return {
    name,
    role: "node",
    peers: [],
    seen: { ...addresses, online: by.length > 0, by: by.map((one) => one.name) },
  };
}

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
    const leased = view === undefined ? undefined : await breakLease(run);
    const holder = leased ?? local;
    if (holder === undefined) return { mesh: run.model.name };
    const { name, machine, pid } = holder;
    return {
      mesh: run.model.name,
      holder: { name, machine, pid },
      unlocked: leased === undefined ? "machine" : "lease",
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
