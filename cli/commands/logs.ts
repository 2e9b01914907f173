// tm logs: the log of a member's agent, or of the coordinator.
import * as Args from "@oclif/core/args";
import * as Flags from "@oclif/core/flags";
import { TunnelMeshError } from "../../protocol/errors/error.ts";
import { stackFlag } from "../frame/arguments.ts";
import { BaseCommand } from "../frame/base.ts";
import { loadDeployEngine } from "../frame/engines.ts";
import { exitWithReader } from "../frame/exit.ts";

export default class Logs extends BaseCommand {
  static override summary = "Show the log of a member's agent, or of the coordinator.";
  static override description =
    "Reads the host's journal over SSH, as root. With --follow, Ctrl-C is the end and exits with 0.";
  static override examples = ["<%= config.bin %> logs beta", "<%= config.bin %> logs alpha --coordinator --follow"];
  static override args = { node: Args.string({ description: "Member whose log it is.", required: true }) };
  static override flags = {
    stack: stackFlag,
    follow: Flags.boolean({ char: "f", summary: "Go on with what is logged from now.", default: false }),
    lines: Flags.integer({ summary: "Number of lines.", default: 50, min: 0, max: 10_000, helpValue: "N" }),
    coordinator: Flags.boolean({ summary: "The coordinator's log, on its host.", default: false }),
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Logs);
    if (flags.follow && this.jsonEnabled()) {
      throw new TunnelMeshError("TM_USAGE", { detail: "--json is one document, so it has no --follow" });
    }
    exitWithReader();
    const { createEscaper } = await import("../output/escape.ts");
    const show = {
      stdout: createEscaper((text) => process.stdout.write(text)),
      stderr: createEscaper((text) => process.stderr.write(text)),
    };
    const session = await this.open(flags);
    const loaded = await session.load(flags.stack);
    const engine = await loadDeployEngine();
    return engine.memberLogs({
      ...session.engineContext(loaded),
      name: args.node,
      lines: flags.lines,
      follow: flags.follow,
      coordinator: flags.coordinator,
      onReached: () => session.progress.end(),
      ...(this.jsonEnabled() ? {} : { onOutput: (_, stream, chunk) => show[stream](chunk) }),
    });
  }
}
