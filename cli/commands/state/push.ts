// tm state push: puts a copy of Terraform's state where the stack wants it.
import path from "node:path";
import * as Args from "@oclif/core/args";
import { TunnelMeshError } from "../../../protocol/errors/error.ts";
import { stackFlag } from "../../frame/arguments.ts";
import { BaseCommand } from "../../frame/base.ts";
import { loadStateEngine } from "../../frame/engines.ts";

export default class StatePush extends BaseCommand {
  static override summary = "Put a copy of Terraform's state where the stack wants it.";
  static override description = "For a state that tm state pull wrote. Never over another state or a newer one.";
  static override examples = ["<%= config.bin %> state push office.tfstate"];
  static override args = {
    file: Args.string({ name: "file", description: "What tm state pull wrote.", required: true }),
  };
  static override flags = { stack: stackFlag };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(StatePush);
    const session = await this.open(flags);
    const loaded = await session.load(flags.stack);
    session.needAnswer(`tm state push ${args.file} --yes`);
    if (!(await session.confirm(`Put ${args.file} where the stack has its state?`)))
      throw new TunnelMeshError("TM_DECLINED");
    const engine = await loadStateEngine();
    const file = path.resolve(session.cwd, args.file);
    const result = await engine.pushState({ ...session.engineContext(loaded), file });
    await session.progress.end();
    this.print(`${result.resources} resources are in ${result.place} now.`);
    return result;
  }
}
