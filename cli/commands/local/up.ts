// tm local up: makes local hosts without a stack.
import * as Args from "@oclif/core/args";
import * as Flags from "@oclif/core/flags";
import { networkFlag } from "../../frame/arguments.ts";
import { BaseCommand } from "../../frame/base.ts";
import { loadLocalHosts } from "../../frame/engines.ts";

export default class LocalUp extends BaseCommand {
  static override summary = "Make hosts on this machine that answer SSH.";
  static override description =
    "Each is a container with its own system, network and identity. Needs root and systemd-nspawn.";
  static override examples = [
    "<%= config.bin %> local up one two",
    "<%= config.bin %> local up behind --nat port-restricted",
  ];
  static override args = {
    names: Args.string({ description: "Names of the hosts.", required: true, multiple: true }),
  };
  static override flags = {
    network: networkFlag,
    nat: Flags.string({
      summary: "What stands between a host and the others.",
      options: ["none", "port-restricted"] as const,
      default: "none",
    }),
    internet: Flags.boolean({ default: false, summary: "Give them a way to the real internet." }),
    key: Flags.string({ summary: "Public key file that may log in; else those of ~/.ssh.", helpValue: "FILE" }),
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(LocalUp);
    const session = await this.open(flags);
    const { readAuthorizedKeys, checkHostNames } = await import("../../engine/doctor/local-names.ts");
    const names = checkHostNames(args.names);
    const authorizedKeys = readAuthorizedKeys(flags.key, session.cwd);
    const hosts = await loadLocalHosts(session.log.write);
    const nat = flags.nat === "port-restricted" ? "port-restricted" : "none";
    session.progress.phase(`Making local hosts in network ${flags.network}`);
    const made = await hosts.up(
      flags.network,
      names.map((name) => ({ name, nat, internet: flags.internet })),
      {
        authorizedKeys,
        signal: session.signal,
        onProgress: (host, text) => session.progress.row(host).update(text),
      },
    );
    for (const { name, address } of made) session.progress.row(name).done(`answers at ${address}`);
    await session.progress.end();
    const { renderLocalHosts } = await import("../../output/local.ts");
    this.print(renderLocalHosts(made));
    return { hosts: made };
  }
}
