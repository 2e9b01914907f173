// tm doctor: what this machine lacks, and what killed runs have left on it; with a node, what is wrong there.
import * as Args from "@oclif/core/args";
import * as Flags from "@oclif/core/flags";
import { stackFlag } from "../frame/arguments.ts";
import { BaseCommand } from "../frame/base.ts";
import { loadDeployEngine, loadLocalHosts } from "../frame/engines.ts";
import type { Session } from "../frame/session.ts";

export default class Doctor extends BaseCommand {
  static override summary = "Check this machine, and find what killed runs have left on it; or check a node.";
  static override description =
    "With a node, looks at its host over SSH and asks its agent: service, release, coordinator, clock, device, ports, interface, disk, " +
    "names and peers, each problem with a way out; changes nothing. Exits with 1 when something is missing, left over or wrong.";
  static override examples = [
    "<%= config.bin %> doctor",
    "<%= config.bin %> doctor --fix",
    "<%= config.bin %> doctor beta",
  ];
  static override args = { node: Args.string({ description: "Member to check in place of this machine." }) };
  static override flags = {
    stack: stackFlag,
    fix: Flags.boolean({ default: false, summary: "Remove leftovers of local hosts that nobody runs any more." }),
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Doctor);
    const session = await this.open(flags);
    if (args.node !== undefined) return this.checkNode(session, args.node, flags.stack);
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

  private async checkNode(session: Session, name: string, stack: string | undefined): Promise<unknown> {
    const loaded = await session.load(stack);
    const [engine, { renderFindings }] = await Promise.all([loadDeployEngine(), import("../output/findings.ts")]);
    const result = await engine.doctorNode({ ...session.engineContext(loaded), name });
    await session.progress.end();
    this.print(renderFindings(result.findings));
    if (result.findings.some(({ state }) => state === "problem")) process.exitCode = 1;
    return result;
  }
}
