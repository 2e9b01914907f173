// tm join: this machine becomes a member by a token, with no stack, no SSH and no admin at hand.
import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import { agentStatusSchema, type PeerStatus, peerStatusSchema } from "../../../protocol/control/agent.ts";
import { isTunnelMeshError, TunnelMeshError } from "../../../protocol/errors/error.ts";
import type { AgentConfiguration } from "../../../protocol/host/configuration.ts";
import { currentRelease } from "../deploy/release.ts";
import { waitUntilUp } from "../deploy/verify.ts";
import { agentRequest } from "../install/control.ts";
import { executeInstall } from "../install/execute.ts";
import { readFacts } from "../install/facts.ts";
import { supportedArchitecture } from "../install/refusals.ts";
import { uninstall } from "../install/uninstall.ts";
import type { HostConnection } from "../ssh/connection.ts";
import { type DescribedMesh, describeToken, joinByToken } from "./agent-join.ts";
import type { JoinMesh, JoinParameters, JoinResult } from "./contract.ts";
import { findMachineKey, type MachineKey, makeMachineKey } from "./host-key.ts";
import { type Joining, planAfterJoin, planBeforeJoin, readBootstrap } from "./installation.ts";
import { becomeRoot, openLocalConnection } from "./local-connection.ts";
import { agentProgram, freeInterface, type MeshHere, meshesHere } from "./meshes-here.ts";
import { readToken } from "./token.ts";

/** How long a new member waits for its first paths, so that it can say how its peers are reached. */
const pathPatience = 5_000;

/** Joins this machine; see the contract. */
export const joinMesh: JoinMesh = async (parameters) => {
  const { progress, signal, interactive } = parameters;
  const { meshId } = readToken(parameters.token);
  await becomeRoot(interactive, "tm join");
  const found = await findMachineKey();
  const connection = openLocalConnection(found?.line ?? "");
  progress.phase("Joining");
  const here = await meshesHere(connection, signal);
  const member = here.find(({ configuration }) => configuration?.meshId === meshId);
  if (member?.coordinator === true) throw new TunnelMeshError("TM_MEMBER_STACK_HOST", { detail: member.mesh });
  const up = member === undefined ? undefined : await upAlready(connection, member, signal);
  if (up !== undefined) {
    progress.row("this machine").done("is a member already");
    return up;
  }
  return joinHere(parameters, connection, here, found);
};

async function joinHere(
  { token, name, progress, signal }: JoinParameters,
  connection: HostConnection,
  here: readonly MeshHere[],
  found: MachineKey | undefined,
): Promise<JoinResult> {
  const row = progress.row("this machine");
  row.update("preparing the release");
  const architecture = supportedArchitecture(await readFacts(connection, "none", signal), "this machine");
  const release = await currentRelease(architecture, (text) => row.update(text));
  row.update("asking the coordinator about the token");
  const program = { node: `${release.folder}/node`, agent: `${release.folder}/agent.mjs` };

  const { meshId: wanted } = readToken(token);
  const earlier = here.find(({ configuration }) => configuration?.meshId === wanted)?.configuration?.identity;
  const described = await describeToken(connection, program, { token, identity: earlier ?? found?.file }, signal);
  const { mesh } = described;
  refuseOtherMesh(here, described);
  const facts = await readFacts(connection, mesh, signal);
  const fresh = facts.installed === undefined && !facts.agentInstalled;
  let joined = false;
  try {
    const key = found ?? (await makeMachineKey(connection, mesh, signal));
    const joining: Joining = {
      range: described.range,
      release,
      agent: configurationOf(described, key, freeInterface(mesh, here)),
    };
    await executeInstall(connection, planBeforeJoin(facts, joining), { progress: row, signal });
    row.update("joining");
    const node = await joinByToken(connection, agentProgram(mesh), { mesh, name, token }, signal);
    joined = true;
    const bootstrap = await readBootstrap(connection, mesh, signal);
    const rest = planAfterJoin(await readFacts(connection, mesh, signal), joining, bootstrap);
    await executeInstall(connection, rest, { progress: row, signal });
    row.update("waiting until it is up");
    const status = await waitUntilUp({ name: node.name, coordinator: false, connection }, mesh, signal);
    row.done(status.ip4 ?? status.ip6);
    const { nid, ip4, ip6, groups, expires, meshId, already } = node;
    const own = { nid, name: status.name, ip6, groups, expires, already, ...(ip4 === undefined ? {} : { ip4 }) };
    return { mesh, meshId, domain: described.domain, ...own, peers: await firstPaths(connection, mesh, signal) };
  } catch (error) {
    if (isTunnelMeshError(error)) row.fail(error.message);
    // Nothing was joined and nothing was here before: the machine is left as it was found.
    if (fresh && !joined) await cleanUp(connection, mesh, progress);
    throw error;
  }
}

/** What made the join fail is what is told, whatever else goes wrong. */
async function cleanUp(connection: HostConnection, mesh: string, progress: JoinParameters["progress"]): Promise<void> {
  try {
    await uninstall(connection, mesh);
  } catch (error) {
    if (!isTunnelMeshError(error)) throw error;
    progress.log(`what was made here could not be removed: ${error.message}`);
  }
}

function configurationOf(
  { mesh, meshId, domain }: DescribedMesh,
  key: MachineKey,
  place: Pick<AgentConfiguration, "interface" | "udpPort">,
): AgentConfiguration {
  return { v: 1, mesh, meshId, nid: key.nid, identity: key.file, ...place, domain, logLevel: "info" };
}

/** @throws TunnelMeshError TM_MEMBER_OTHER_MESH */
export function refuseOtherMesh(
  here: readonly MeshHere[],
  { mesh, meshId }: Pick<DescribedMesh, "mesh" | "meshId">,
): void {
  const same = here.find((one) => one.mesh === mesh);
  if (same === undefined || same.configuration?.meshId === meshId) return;
  if (same.configuration === undefined && !same.coordinator) return;
  const other = same.configuration?.meshId.slice(0, 12) ?? "the one whose coordinator it is";
  throw new TunnelMeshError("TM_MEMBER_OTHER_MESH", {
    detail: `${mesh}: here is ${other}, the token is for ${meshId.slice(0, 12)}`,
    advice: [`To leave that one: tm leave --local --mesh ${mesh}`],
  });
}

/** What this machine already is; undefined where an earlier run did not finish, or the agent does not run. */
async function upAlready(
  connection: HostConnection,
  { mesh, configuration }: MeshHere,
  signal: AbortSignal,
): Promise<JoinResult | undefined> {
  const asked = await agentRequest(connection, mesh, { method: "status" }, signal).catch((error: unknown) => {
    signal.throwIfAborted();
    if (isTunnelMeshError(error)) return undefined;
    throw error;
  });
  const status = asked === undefined ? undefined : agentStatusSchema.parse(asked);
  if (status?.state !== "up" || configuration === undefined) return undefined;
  const { name, meshId, nid, ip4, ip6 } = status;
  const own = { nid, name, ip6, groups: [], expires: 0, already: true, ...(ip4 === undefined ? {} : { ip4 }) };
  return { mesh, meshId, domain: configuration.domain, ...own, peers: await firstPaths(connection, mesh, signal) };
}

/** Peers with their paths, once each has one or the patience ends. */
async function firstPaths(connection: HostConnection, mesh: string, signal: AbortSignal): Promise<JoinResult["peers"]> {
  const end = performance.now() + pathPatience;
  for (;;) {
    const peers = z.array(peerStatusSchema).parse(await agentRequest(connection, mesh, { method: "peers" }, signal));
    if (performance.now() > end || peers.every(({ online, path }) => !online || path.kind !== "none")) {
      return peers.map(({ name, path }: PeerStatus) => ({ name, path: path.kind }));
    }
    await delay(300, undefined, { signal });
  }
}
