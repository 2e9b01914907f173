// tm import: adopts a droplet that is there as a node of the stack.
import * as Args from "@oclif/core/args";
import * as Flags from "@oclif/core/flags";
import { TunnelMeshError } from "../../protocol/errors/error.ts";
import { stackFlag } from "../frame/arguments.ts";
import { BaseCommand } from "../frame/base.ts";
import { loadStateEngine } from "../frame/engines.ts";

export default class Import extends BaseCommand {
  static override summary = "Adopt a droplet that is there as a node of the stack.";
  static override description =
    "Writes the droplet, and what of the mesh hangs on it, into Terraform's state, and changes nothing in the cloud. Refused where " +
    "the stack does not fit the droplet, so that no deploy makes it anew. For state that was lost, and for machines made by hand.";
  static override examples = ["<%= config.bin %> import hub --droplet 412345678"];
  static override args = {
    node: Args.string({ name: "node", description: "Node that the stack puts on a droplet.", required: true }),
  };
  static override flags = {
    droplet: Flags.integer({ summary: "Id of the droplet.", helpValue: "ID", required: true, min: 1 }),
    stack: stackFlag,
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Import);
    const session = await this.open(flags);
    const loaded = await session.load(flags.stack);
    session.needAnswer(`tm import ${args.node} --droplet ${flags.droplet} --yes`);
    const [engine, { renderAdoption, renderDrift }] = await Promise.all([
      loadStateEngine(),
      import("../output/drift.ts"),
    ]);
    const result = await engine.adoptDroplet({
      ...session.engineContext(loaded),
      node: args.node,
      droplet: flags.droplet,
      ...(flags.yes
        ? {}
        : {
            confirm: async (adoption) => {
              const question = `Take droplet ${adoption.droplet.id} into the state as ${adoption.node}?`;
              if (await session.confirm(`${renderAdoption(adoption)}\n\n${question}`)) return true;
              throw new TunnelMeshError("TM_DECLINED");
            },
          }),
    });
    await session.progress.end();
    this.print(`Droplet ${result.droplet.id} (${result.droplet.name}) is ${result.node} now.`);
    if (result.changes.length > 0) {
      this.print("The next deploy changes of it, in place:");
      this.print(renderDrift(result.changes.map((one) => ({ ...one, what: "changed" }))));
    }
    return result;
  }
}
