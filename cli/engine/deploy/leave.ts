// tm leave: stops one member's agent until the next deploy; it stays a member.
import { agentRequest } from "../install/control.ts";
import type { LeaveMesh } from "./contract.ts";
import { deployedMesh, reachNamed } from "./members.ts";
import { withRun } from "./run.ts";

/** Takes one member out of the mesh for now; see the contract. */
export const leaveMesh: LeaveMesh = ({ name, ...context }) =>
  withRun(context, async (run) => {
    await deployedMesh(run);
    const host = await reachNamed(run, name);
    await agentRequest(host.connection, run.model.name, { method: "leave" }, run.context.signal);
    return { mesh: run.model.name, stage: run.model.stage, name };
  });
