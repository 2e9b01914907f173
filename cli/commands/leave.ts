// tm leave: takes a member out of the mesh until the next deploy.
import * as Args from "@oclif/core/args";
import { stackFlag } from "../frame/arguments.ts";
import { BaseCommand } from "../frame/base.ts";
import { loadDeployEngine } from "../frame/engines.ts";

export default class Leave extends BaseCommand {
  static override summary = "Stop the mesh on one member until the next deploy.";
  static override description =
    "Its routes, rules and DNS are taken back; a restart of the machine or tm deploy brings it back, as it stays a member. " +
    "To take it out for good: tm remove-node, or its line out of the stack file.";
  static override examples = ["<%= config.bin %> leave beta"];
  static override args = { node: Args.string({ description: "Member that leaves.", required: true }) };
  static override flags = { stack: stackFlag };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Leave);
    const session = await this.open(flags);
    const loaded = await session.load(flags.stack);
    const engine = await loadDeployEngine();
    const result = await engine.leaveMesh({ ...session.engineContext(loaded), name: args.node });
    await session.progress.end();
    this.print(`${result.name} has left ${result.mesh} for now. Bring it back with: tm deploy`);
    return result;
  }
}
