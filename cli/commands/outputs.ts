// tm outputs: what the stack gives out.
import * as Args from "@oclif/core/args";
import * as Flags from "@oclif/core/flags";
import { TunnelMeshError } from "../../protocol/errors/error.ts";
import { stackFlag } from "../frame/arguments.ts";
import { BaseCommand } from "../frame/base.ts";
import { loadStateEngine } from "../frame/engines.ts";

export default class Outputs extends BaseCommand {
  static override summary = "Show the outputs of the stack.";
  static override description =
    "From the mesh file and Terraform's state: needs no cloud token. What terraform(mesh, …) adds as outputs is there too.";
  static override examples = ["<%= config.bin %> outputs", "curl $(<%= config.bin %> outputs url)"];
  static override hiddenAliases = ["output"];
  static override args = {
    key: Args.string({ name: "key", description: "One output: its value alone is printed." }),
  };
  static override flags = {
    stack: stackFlag,
    "show-secrets": Flags.boolean({ default: false, summary: "Show outputs that Terraform marks as sensitive." }),
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Outputs);
    const session = await this.open(flags);
    const loaded = await session.load(flags.stack);
    const engine = await loadStateEngine();
    const showSecrets = flags["show-secrets"];
    const result = await engine.stackOutputs({ ...session.engineContext(loaded), showSecrets });
    await session.progress.end();
    if (args.key === undefined) {
      const entries = Object.entries(result.outputs);
      for (const [name, { value }] of entries) this.print(`${name} = ${shown(value)}`);
      if (entries.length === 0) this.print("The stack has no outputs.");
      return result;
    }
    const output = result.outputs[args.key];
    if (output === undefined) throw new TunnelMeshError("TM_STATE_OUTPUT", { detail: args.key });
    if (output.sensitive && !showSecrets) throw new TunnelMeshError("TM_STATE_SECRET", { detail: args.key });
    this.print(shown(output.value));
    return { ...result, outputs: { [args.key]: output } };
  }
}

function shown(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
