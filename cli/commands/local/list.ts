// tm local list: local hosts of this machine.
import * as Flags from "@oclif/core/flags";
import { BaseCommand } from "../../frame/base.ts";
import { loadLocalHosts } from "../../frame/engines.ts";

export default class LocalList extends BaseCommand {
  static override summary = "List the hosts made on this machine.";
  static override hiddenAliases = ["local:ls"];
  static override flags = {
    network: Flags.string({ summary: "Only those of this network.", helpValue: "NAME" }),
  };

  async run(): Promise<unknown> {
    const { flags } = await this.parse(LocalList);
    const session = await this.open(flags);
    const hosts = await (await loadLocalHosts(session.log.write)).list(flags.network);
    const { renderLocalHosts } = await import("../../output/local.ts");
    this.print(hosts.length === 0 ? "There are no local hosts." : renderLocalHosts(hosts));
    return { hosts };
  }
}
