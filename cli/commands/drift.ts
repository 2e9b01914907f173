// tm drift: what changed at the service outside tm.
import { stackArgument } from "../frame/arguments.ts";
import { BaseCommand } from "../frame/base.ts";
import { loadStateEngine } from "../frame/engines.ts";

export default class Drift extends BaseCommand {
  static override summary = "Show what changed in the cloud outside tm.";
  static override description =
    "Compares Terraform's state with the service and changes neither. Exits with 2 when something changed, so a nightly run can " +
    "open an issue. What the service counts and derives by itself is left out.";
  static override examples = ["<%= config.bin %> drift", "<%= config.bin %> drift --json"];
  static override args = { stack: stackArgument };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Drift);
    const session = await this.open(flags);
    const loaded = await session.load(args.stack);
    const [engine, { renderDrift }] = await Promise.all([loadStateEngine(), import("../output/drift.ts")]);
    const result = await engine.findDrift(session.engineContext(loaded));
    await session.progress.end();
    this.print(renderDrift(result.drift));
    if (result.drift.length > 0) {
      this.print("\nTake it into the state: tm refresh. Make it as the stack says: tm deploy.");
      process.exitCode = 2;
    }
    return result;
  }
}
