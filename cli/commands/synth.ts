// tm synth: prints the model of a stack as stable JSON.
import { stackArgument } from "../frame/arguments.ts";
import { BaseCommand } from "../frame/base.ts";

export default class Synth extends BaseCommand {
  static override summary = "Print the model of a stack as JSON.";
  static override description =
    "Runs and validates the stack file and prints what it describes: members, hosts, policy. Connects to nothing.";
  static override examples = ["<%= config.bin %> synth", "<%= config.bin %> synth stacks/quickstart.ts --stage prod"];
  static override args = { stack: stackArgument };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Synth);
    const session = await this.open(flags);
    const { model } = await session.load(args.stack, { log: false });
    this.print(JSON.stringify(model, undefined, 2));
    return model;
  }
}
