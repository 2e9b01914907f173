// tm sandbox fault clear: takes all faults out.
import { BaseCommand } from "../../../frame/base.ts";

export default class SandboxFaultClear extends BaseCommand {
  static override summary = "Take out the faults that wait, and let go of droplets that one keeps stuck.";
  static override examples = ["<%= config.bin %> sandbox fault clear"];

  async run(): Promise<unknown> {
    const { flags } = await this.parse(SandboxFaultClear);
    await this.open(flags);
    const { clearFaults } = await import("../../../engine/sandbox/faults.ts");
    const { describeFault } = await import("../../../engine/sandbox/api/faults.ts");
    const cleared = await clearFaults();
    for (const fault of cleared) this.print(`taken out: ${describeFault(fault)}`);
    this.print(cleared.length === 0 ? "No faults waited." : "Nothing goes wrong any more.");
    return { cleared };
  }
}
