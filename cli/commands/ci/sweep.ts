// tm ci sweep: removes the firewalls that killed deploys from CI left behind.
import { stackArgument } from "../../frame/arguments.ts";
import { BaseCommand } from "../../frame/base.ts";

export default class CiSweep extends BaseCommand {
  static override summary = "Remove firewalls that a killed deploy from CI left behind.";
  static override description =
    "A deploy from CI opens SSH of the droplets to the runner's address and takes it back. Where the job was killed, this does: for " +
    "this run, and for runs that began more than an hour ago. It removes only firewalls that such a deploy made for this stack.";
  static override examples = ["<%= config.bin %> ci sweep"];
  static override args = { stack: stackArgument };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(CiSweep);
    const session = await this.open(flags);
    const loaded = await session.load(args.stack);
    const { sweepStack } = await import("../../engine/ci/runner-access.ts");
    // A stack without droplets has no firewalls, and no cloud token.
    const removed = loaded.terraform === undefined ? [] : await sweepStack(session.engineContext(loaded));
    await session.progress.end();
    this.print(
      removed.length === 0 ? "Nothing was left behind." : removed.map((name) => `removed  ${name}`).join("\n"),
    );
    return { removed };
  }
}
