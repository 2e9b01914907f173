// tm doctor: what this machine lacks, and what killed runs have left on it.
import * as Flags from "@oclif/core/flags";
import { BaseCommand } from "../frame/base.ts";
import { loadLocalHosts } from "../frame/engines.ts";

export default class Doctor extends BaseCommand {
  static override summary = "Check this machine, and find what killed runs have left on it.";
  static override description = "Exits with 1 when something is missing or left over.";
  static override examples = ["<%= config.bin %> doctor", "<%= config.bin %> doctor --fix"];
  static override flags = {
    fix: Flags.boolean({ default: false, summary: "Remove leftovers of local hosts that nobody runs any more." }),
  };

  async run(): Promise<unknown> {
    const { flags } = await this.parse(Doctor);
    const session = await this.open(flags);
    const [{ checkMachine }, { renderTable }] = await Promise.all([
      import("../engine/doctor/checks.ts"),
      import("../output/table.ts"),
    ]);
    const checks = checkMachine({
      platform: process.platform,
      nodeVersion: process.version,
      user: process.geteuid?.(),
      path: process.env["PATH"] ?? "",
    });
    const local = process.platform === "linux" && process.geteuid?.() === 0;
    const hosts = local ? await (await loadLocalHosts(session.log.write)).list() : [];
    const outdated = hosts.filter((host) => host.outdated).map(({ network, name }) => ({ network, name }));
    const leftovers = local ? await (await loadLocalHosts(session.log.write)).leftovers({ fix: flags.fix }) : [];
    this.print(
      renderTable(
        ["CHECK", "STATE", "WHAT"],
        checks.map((check) => [check.name, check.state, check.detail]),
      ),
    );
    for (const { name, advice } of checks) if (advice !== undefined) this.print(`${name}: ${advice}`);
    for (const { kind, name, removed } of leftovers) {
      this.print(`left over: ${kind} ${name}${removed ? " (removed)" : ""}`);
    }
    for (const { network, name } of outdated) {
      this.print(`outdated: ${name} of ${network} was made before packages of this machine changed; make it again`);
    }
    const left = leftovers.filter(({ removed }) => !removed).length;
    if (left > 0) this.print(flags.fix ? "Some leftovers could not be removed." : "Remove them: tm doctor --fix");
    if (left > 0 || checks.some(({ state }) => state !== "ok")) process.exitCode = 1;
    return { checks, leftovers, outdated };
  }
}
