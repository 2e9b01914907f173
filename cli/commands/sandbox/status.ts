// tm sandbox status: what the sandbox cloud holds.
import { BaseCommand } from "../../frame/base.ts";

export default class SandboxStatusCommand extends BaseCommand {
  static override summary = "Show what the sandbox cloud holds.";
  static override examples = ["<%= config.bin %> sandbox status"];

  async run(): Promise<unknown> {
    const { flags } = await this.parse(SandboxStatusCommand);
    await this.open(flags);
    const { sandboxStatus } = await import("../../engine/sandbox/sandbox.ts");
    const status = await sandboxStatus();
    const { renderTable } = await import("../../output/table.ts");
    const rows = status.droplets.map(({ id, name, status: state, region, size, publicIp }) => [
      ...[String(id), name, state, region, size],
      publicIp ?? "-",
    ]);
    this.print(`The sandbox cloud answers at ${status.url}`);
    this.print(
      rows.length === 0 ? "No droplets." : renderTable(["droplet", "name", "state", "region", "size", "address"], rows),
    );
    const others = Object.entries(status.counts).map(([kind, count]) => `${count} ${kind.replaceAll("_", " ")}`);
    this.print(others.join(", "));
    const { describeFault } = await import("../../engine/sandbox/api/faults.ts");
    for (const fault of status.faults) this.print(`waits to go wrong: ${describeFault(fault)}`);
    this.print(`In a browser: ${status.page}`);
    return status;
  }
}
