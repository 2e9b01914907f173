// tm sandbox fault list: faults that wait to be met.
import { BaseCommand } from "../../../frame/base.ts";

export default class SandboxFaultList extends BaseCommand {
  static override summary = "Show the faults that wait to be met.";
  static override examples = ["<%= config.bin %> sandbox fault list"];

  async run(): Promise<unknown> {
    const { flags } = await this.parse(SandboxFaultList);
    await this.open(flags);
    const { listFaults } = await import("../../../engine/sandbox/faults.ts");
    const { describeFault } = await import("../../../engine/sandbox/api/faults.ts");
    const faults = await listFaults();
    for (const fault of faults) this.print(describeFault(fault));
    if (faults.length === 0) this.print("No faults wait.");
    return { faults };
  }
}
