// tm client remove: lets go of a stock WireGuard client.
import * as Args from "@oclif/core/args";
import { TunnelMeshError } from "../../../protocol/errors/error.ts";
import { adminKeyFlag, stackFlag } from "../../frame/arguments.ts";
import { BaseCommand } from "../../frame/base.ts";
import { loadClientEngine } from "../../frame/engines.ts";

export default class ClientRemove extends BaseCommand {
  static override summary = "Let go of a stock WireGuard client: its gateways drop it at once.";
  static override examples = ["<%= config.bin %> client remove phone"];
  static override args = { name: Args.string({ description: "Its name in the mesh.", required: true }) };
  static override flags = { stack: stackFlag, "admin-key": adminKeyFlag };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(ClientRemove);
    const session = await this.open(flags);
    const loaded = await session.load(flags.stack);
    session.needAnswer(`tm client remove ${args.name} --yes`);
    if (!(await session.confirm(`Remove client ${args.name} from mesh ${loaded.model.name}?`))) {
      throw new TunnelMeshError("TM_DECLINED");
    }
    const engine = await loadClientEngine();
    const result = await engine.removeClient({ ...session.engineContext(loaded, flags), name: args.name });
    await session.progress.end();
    this.print(
      `${result.name} is no longer a member of ${result.mesh}. What is left on the device connects to nothing.`,
    );
    return result;
  }
}
