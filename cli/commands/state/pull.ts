// tm state pull: a copy of Terraform's state.
import path from "node:path";
import * as Flags from "@oclif/core/flags";
import { stackArgument } from "../../frame/arguments.ts";
import { BaseCommand } from "../../frame/base.ts";
import { loadStateEngine } from "../../frame/engines.ts";

export default class StatePull extends BaseCommand {
  static override summary = "Copy Terraform's state into a file.";
  static override description =
    "To carry it to another place, or to keep. It holds no secret of the mesh, but what other resources put there: keep it like one.";
  static override examples = ["<%= config.bin %> state pull --out office.tfstate"];
  static override args = { stack: stackArgument };
  static override flags = {
    out: Flags.string({ summary: "File to write; it must not be there yet.", helpValue: "FILE", required: true }),
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(StatePull);
    const session = await this.open(flags);
    const loaded = await session.load(args.stack);
    const engine = await loadStateEngine();
    const file = path.resolve(session.cwd, flags.out);
    const { text, ...result } = await engine.pullState(session.engineContext(loaded));
    const { writeFile } = await import("node:fs/promises");
    await writeFile(file, text, { mode: 0o600, flag: "wx" });
    await session.progress.end();
    this.print(`Wrote ${file}: ${result.resources} resources, from ${result.place}.`);
    return { ...result, file };
  }
}
