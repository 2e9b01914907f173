// tm synth: prints the model of a stack as stable JSON.
import path from "node:path";
import * as Flags from "@oclif/core/flags";
import { stackArgument } from "../frame/arguments.ts";
import { BaseCommand } from "../frame/base.ts";

export default class Synth extends BaseCommand {
  static override summary = "Print the model of a stack as JSON.";
  static override description =
    "Runs and validates the stack file and prints what it describes: members, hosts, policy. Connects to nothing.";
  static override examples = ["<%= config.bin %> synth", "<%= config.bin %> synth stacks/quickstart.ts --stage prod"];
  static override args = { stack: stackArgument };
  static override flags = {
    out: Flags.string({
      summary: "Write the Terraform of the stack's cloud resources to this folder, as cdk.tf.json.",
      helpValue: "FOLDER",
    }),
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Synth);
    const session = await this.open(flags);
    const { model, terraform } = await session.load(args.stack, { log: false });
    if (flags.out === undefined) {
      this.print(JSON.stringify(model, undefined, 2));
      return model;
    }
    const { writeTerraform } = await import("../engine/synth/write-terraform.ts");
    const file = await writeTerraform(terraform, path.resolve(session.cwd, flags.out));
    this.print(file === undefined ? "Nothing for Terraform: no member is on a droplet." : `Wrote ${file}`);
    return { ...model, terraform: file ?? null };
  }
}
