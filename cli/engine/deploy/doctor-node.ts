// tm doctor NODE: looks at one member's host over SSH and asks its agent; what it means is judged apart.
import { z } from "zod";
import { tunnelPort } from "../../../protocol/constants.ts";
import { agentStatusSchema, peerStatusSchema } from "../../../protocol/control/agent.ts";
import { isTunnelMeshError } from "../../../protocol/errors/error.ts";
import { judgeNode, type NodeLook, parseLook } from "../doctor/node-findings.ts";
import { nodeScript } from "../doctor/node-script.ts";
import { agentRequest } from "../install/control.ts";
import { releaseName } from "../install/specification.ts";
import type { HostConnection } from "../ssh/connection.ts";
import type { DoctorNode } from "./around-contract.ts";
import { deployedMesh, reachNamed } from "./members.ts";
import { currentRelease } from "./release.ts";
import { type Run, withRun } from "./run.ts";

/** Names that are tried; the node's own is one of them. */
const nameLimit = 3;

/** Looks and judges; see the contract. */
export const doctorNode: DoctorNode = ({ name, ...context }) =>
  withRun(context, async (run) => {
    await deployedMesh(run);
    run.context.progress.phase("Looking");
    const { connection, member } = await reachNamed(run, name);
    const agent = await askAgent(run, connection);
    const { view } = await run.home.read();
    const others = [...(view?.members.values() ?? [])].flatMap((one) =>
      one.via === undefined && one.name !== name ? [one.name] : [],
    );
    const names = [name, ...others].slice(0, nameLimit).map((one) => `${one}.${run.model.domain}`);
    const script = nodeScript({
      mesh: run.model.name,
      interface: "status" in agent ? agent.status.interface : "tm0",
      udpPort: tunnelPort,
      tcpPort: 8443,
      names,
    });
    const began = performance.now();
    const text = await connection.check(script, { root: true, signal: run.context.signal });
    const machine = (await connection.check("uname -m", { signal: run.context.signal })).trim();
    const release = await currentRelease(machine === "aarch64" ? "arm64" : "x64");
    const findings = judgeNode({
      name,
      role: member.role,
      release: releaseName(release),
      said: parseLook(text),
      now: Date.now(),
      took: performance.now() - began,
      udpPort: tunnelPort,
      agent,
    });
    return { mesh: run.model.name, stage: run.model.stage, name, findings };
  });

async function askAgent(run: Run, connection: HostConnection): Promise<NodeLook["agent"]> {
  const { signal } = run.context;
  const mesh = run.model.name;
  try {
    const status = agentStatusSchema.parse(await agentRequest(connection, mesh, { method: "status" }, signal));
    const peers = z.array(peerStatusSchema).parse(await agentRequest(connection, mesh, { method: "peers" }, signal));
    return { status, peers };
  } catch (error) {
    signal.throwIfAborted();
    if (isTunnelMeshError(error)) return { error: error.message };
    throw error;
  }
}
