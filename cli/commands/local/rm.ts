// tm local rm: removes local hosts without a trace.
import * as Args from "@oclif/core/args";
import { TunnelMeshError } from "../../../protocol/errors/error.ts";
import { networkFlag } from "../../frame/arguments.ts";
import { BaseCommand } from "../../frame/base.ts";
import { loadLocalHosts } from "../../frame/engines.ts";

export default class LocalRemove extends BaseCommand {
  static override summary = "Remove hosts made on this machine, without a trace.";
  static override examples = [
    "<%= config.bin %> local rm one",
    "<%= config.bin %> local rm --network quickstart-main --yes",
  ];
  static override args = {
    names: Args.string({
      description: "Names of the hosts; all of the network when left out.",
      multiple: true,
    }),
  };
  static override flags = { network: networkFlag };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(LocalRemove);
    const session = await this.open(flags);
    const names = args.names ?? [];
    if (names.length === 0) {
      session.needAnswer(`tm local rm --network ${flags.network} --yes`);
      const question = `Remove all local hosts of network ${flags.network}?`;
      if (!(await session.confirm(question))) throw new TunnelMeshError("TM_DECLINED");
    }
    const hosts = await loadLocalHosts(session.log.write);
    session.progress.phase(`Removing local hosts of network ${flags.network}`);
    const removed = await hosts.remove(flags.network, names.length === 0 ? undefined : names, {
      onProgress: (host, text) => session.progress.row(host).update(text),
    });
    for (const name of removed) session.progress.row(name).done("removed");
    await session.progress.end();
    this.print(removed.length === 0 ? "There was nothing to remove." : `Removed ${removed.join(", ")}.`);
    return { removed };
  }
}
