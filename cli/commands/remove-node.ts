// tm remove-node: revokes a member that no stack names and uninstalls it.
import * as Args from "@oclif/core/args";
import { TunnelMeshError } from "../../protocol/errors/error.ts";
import { adminKeyFlag, stackFlag } from "../frame/arguments.ts";
import { BaseCommand } from "../frame/base.ts";
import { loadDeployEngine } from "../frame/engines.ts";

export default class RemoveNode extends BaseCommand {
  static override summary = "Revoke a member and uninstall it.";
  static override description =
    "For members that came by add-node or by a token. One of the stack file goes by removing its line.";
  static override examples = ["<%= config.bin %> remove-node storage"];
  static override args = { name: Args.string({ description: "Its name in the mesh.", required: true }) };
  static override flags = { stack: stackFlag, "admin-key": adminKeyFlag };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(RemoveNode);
    const session = await this.open(flags);
    const loaded = await session.load(flags.stack);
    session.needAnswer(`tm remove-node ${args.name} --yes`);
    if (!(await session.confirm(`Remove ${args.name} from mesh ${loaded.model.name}?`))) {
      throw new TunnelMeshError("TM_DECLINED");
    }
    const engine = await loadDeployEngine();
    const result = await engine.removeNode({ ...session.engineContext(loaded, flags), name: args.name });
    await session.progress.end();
    this.print(`${result.name} is no longer a member of ${result.mesh}.`);
    if (!result.uninstalled) {
      const why = result.error === undefined ? "" : `: ${result.error.message}`;
      this.print(`It could not be uninstalled${why}. What is left on it can reach nobody.`);
      for (const advice of result.error?.advice ?? []) this.print(`  - ${advice}`);
    }
    return result;
  }
}
