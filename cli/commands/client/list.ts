// tm client list: the stock WireGuard clients of the mesh.
import { stackFlag } from "../../frame/arguments.ts";
import { BaseCommand } from "../../frame/base.ts";
import { loadClientEngine } from "../../frame/engines.ts";

export default class ClientList extends BaseCommand {
  static override summary = "List the stock WireGuard clients of the mesh, and when their gateways saw them.";
  static override examples = ["<%= config.bin %> client list", "<%= config.bin %> client list --json"];
  static override flags = { stack: stackFlag };

  async run(): Promise<unknown> {
    const { flags } = await this.parse(ClientList);
    const session = await this.open(flags);
    const loaded = await session.load(flags.stack);
    const [engine, { renderClients }] = await Promise.all([loadClientEngine(), import("../../output/clients.ts")]);
    const result = await engine.listClients(session.engineContext(loaded));
    await session.progress.end();
    this.print(renderClients(result.clients));
    return result;
  }
}
