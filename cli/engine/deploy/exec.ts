// tm exec: runs one command on a member, or on all members of a group at once.
import type { MemberModel } from "../../../constructs/model.ts";
import { TunnelMeshError } from "../../../protocol/errors/error.ts";
import { shellCommand } from "../ssh/quote.ts";
import type { ExecCommand, ExecHost, ExecParameters, OnOutput } from "./around-contract.ts";
import { allMembers, deployedMesh, findMember } from "./members.ts";
import type { HostOutcome, UnreachedHost } from "./reach.ts";
import { reportError, settleAll } from "./report.ts";
import { type Run, withRun } from "./run.ts";

/** What a host counts as where the command did not run to its end. */
const unreachedCode = 5;

/** Runs a command on members; see the contract. */
export const execCommand: ExecCommand = ({ on, command, onReached, onOutput, ...context }) =>
  withRun(context, async (run) => {
    await deployedMesh(run);
    const { members, apart } = await wantedMembers(run, on);
    const outcomes = [...(await run.reach(false, members)), ...apart];
    await onReached?.(outcomes.map(({ member }) => member.name));
    const line = shellCommand(command);
    const settled = await settleAll(outcomes, run.parallel, context.signal, (one) => runOn(run, one, line, onOutput));
    const hosts = settled.map(
      (one): ExecHost =>
        one.ok ? one.value : { name: one.of.member.name, stdout: "", stderr: "", error: reportError(one.error) },
    );
    return { mesh: run.model.name, stage: run.model.stage, hosts, code: exitCodeOf(hosts) };
  });

/** 0 when every host says 0, else the highest code; a host with an error counts as 5. */
export function exitCodeOf(hosts: readonly ExecHost[]): number {
  return Math.max(0, ...hosts.map(({ code }) => code ?? unreachedCode));
}

async function wantedMembers(
  run: Run,
  { kind, name }: ExecParameters["on"],
): Promise<{ readonly members: readonly MemberModel[]; readonly apart: readonly UnreachedHost[] }> {
  if (kind === "node") return { members: [await findMember(run, name)], apart: [] };
  const all = await allMembers(run);
  const members = all.members.filter(({ groups }) => groups.includes(name));
  const apart = all.apart.filter(({ member }) => member.groups.includes(name));
  if (members.length + apart.length === 0) throw new TunnelMeshError("TM_DEPLOY_UNKNOWN_GROUP", { detail: name });
  return { members, apart };
}

async function runOn(
  run: Run,
  outcome: HostOutcome,
  command: string,
  onOutput: OnOutput | undefined,
): Promise<ExecHost> {
  if (outcome.kind === "unreached") throw outcome.error;
  const { name } = outcome.member;
  const streams =
    onOutput === undefined
      ? {}
      : {
          collect: false,
          onStdout: (chunk: Buffer) => onOutput(name, "stdout", chunk),
          onStderr: (chunk: Buffer) => onOutput(name, "stderr", chunk),
        };
  const { signal } = run.context;
  return {
    name,
    ...(await outcome.connection.run(command, { timeout: Number.POSITIVE_INFINITY, signal, ...streams })),
  };
}
