// tm logs: the journal of a member's agent, or of the coordinator, over SSH.
import { TunnelMeshError } from "../../../protocol/errors/error.ts";
import { hostPaths } from "../../../protocol/host/paths.ts";
import type { RunOptions } from "../ssh/connection.ts";
import { quote } from "../ssh/quote.ts";
import type { LogsParameters, MemberLogs } from "./around-contract.ts";
import { deployedMesh, reachNamed } from "./members.ts";
import { withRun } from "./run.ts";
import { coordinatorOf } from "./specification.ts";

/** Reads the end of a journal, and goes on where that is asked for; see the contract. */
export const memberLogs: MemberLogs = ({ name, lines, follow, coordinator, onReached, onOutput, ...context }) =>
  withRun(context, async (run) => {
    await deployedMesh(run);
    const hub = coordinatorOf(run.model).name;
    if (coordinator && name !== hub) {
      throw new TunnelMeshError("TM_USAGE", { detail: `${name} is no coordinator: tm logs ${hub} --coordinator` });
    }
    const paths = hostPaths(run.model.name);
    const unit = coordinator ? paths.coordinatorUnit : paths.agentUnit;
    const { connection } = await reachNamed(run, name);
    // Whatever sudo has to ask is asked before the log begins.
    await connection.check("true", { root: true, signal: context.signal });
    await onReached?.();
    const options: RunOptions = {
      root: true,
      signal: context.signal,
      timeout: Number.POSITIVE_INFINITY,
      ...(onOutput === undefined
        ? {}
        : {
            collect: false,
            onStdout: (chunk) => onOutput(name, "stdout", chunk),
            onStderr: (chunk) => onOutput(name, "stderr", chunk),
          }),
    };
    const result = { mesh: run.model.name, name, unit };
    try {
      const { code, stdout, stderr } = await connection.run(journalCommand(unit, { lines, follow }), options);
      if (code === 0) return { ...result, lines: stdout.split("\n").filter((line) => line !== "") };
      throw new TunnelMeshError("TM_SSH_COMMAND_FAILED", {
        detail: `journalctl on ${name} ended with ${code}${stderr.trim() === "" ? "" : `: ${stderr.trim()}`}`,
      });
    } catch (error) {
      // Following has no other end than being stopped.
      if (follow && context.signal.aborted) return { ...result, lines: [] };
      throw error;
    }
  });

/** The command that reads the journal of `unit` on a host. */
export function journalCommand(unit: string, { lines, follow }: Pick<LogsParameters, "lines" | "follow">): string {
  return `exec journalctl --no-pager --quiet --output=short-iso --lines=${lines}${follow ? " --follow" : ""} --unit=${quote(unit)}`;
}
