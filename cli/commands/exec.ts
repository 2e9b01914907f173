// tm exec: runs a command on a member, or on all members of a group.
import * as Args from "@oclif/core/args";
import * as Flags from "@oclif/core/flags";
import { TunnelMeshError } from "../../protocol/errors/error.ts";
import { parallelFlag, stackFlag } from "../frame/arguments.ts";
import { BaseCommand } from "../frame/base.ts";
import { loadDeployEngine } from "../frame/engines.ts";
import { exitWithReader } from "../frame/exit.ts";
import { partArguments } from "../frame/passed-on.ts";

export default class Exec extends BaseCommand {
  static override summary = "Run a command on a member, or on all members of a group.";
  static override description =
    "The command stands after --, has no input, and runs over SSH as the user that logs in. One word is a line for the host's " +
    "shell; several reach the command as they are. Exits with the command's own code; of several hosts, with the highest, " +
    "where a host that cannot be reached counts as 5.";
  static override usage = ["exec NODE -- COMMAND…", "exec --group GROUP -- COMMAND…"];
  static override examples = [
    "<%= config.bin %> exec beta -- uname -a",
    "<%= config.bin %> exec --group servers -- 'uptime | cut -c 1-20'",
  ];
  static override args = { node: Args.string({ description: "Member it runs on; else --group." }) };
  static override flags = {
    stack: stackFlag,
    group: Flags.string({ summary: "All members of this group, at once.", helpValue: "GROUP" }),
    parallel: parallelFlag,
  };

  async run(): Promise<unknown> {
    const { own, command = [] } = partArguments(this.argv);
    const { args, flags } = await this.parse(Exec, own);
    const on = pickTarget(args.node, flags.group);
    if (command.length === 0) throw new TunnelMeshError("TM_USAGE", { detail: "the command stands after --" });
    exitWithReader();
    const session = await this.open(flags);
    const loaded = await session.load(flags.stack);
    const [engine, { createHostOutput, unreached }] = await Promise.all([
      loadDeployEngine(),
      import("../output/exec.ts"),
    ]);
    const output = createHostOutput({ stdout: process.stdout, stderr: process.stderr });
    const result = await engine.execCommand({
      ...session.engineContext(loaded, flags),
      on,
      command,
      async onReached(names) {
        await session.progress.end();
        output.start(names);
      },
      ...(this.jsonEnabled() ? {} : { onOutput: output.write }),
    });
    output.end();
    const missing = unreached(result);
    if (missing !== undefined) this.warnPartial(missing);
    process.exitCode = result.code;
    return result;
  }
}

function pickTarget(node: string | undefined, group: string | undefined) {
  if (node !== undefined && group === undefined) return { kind: "node", name: node } as const;
  if (group !== undefined && node === undefined) return { kind: "group", name: group } as const;
  throw new TunnelMeshError("TM_USAGE", { detail: "name one member, or a group with --group" });
}
