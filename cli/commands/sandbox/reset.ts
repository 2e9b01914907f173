// tm sandbox reset: empties the sandbox cloud.
import { TunnelMeshError } from "../../../protocol/errors/error.ts";
import { BaseCommand } from "../../frame/base.ts";

export default class SandboxReset extends BaseCommand {
  static override summary = "Empty the sandbox cloud; it goes on at the same address with the same token.";
  static override examples = ["<%= config.bin %> sandbox reset --yes"];

  async run(): Promise<unknown> {
    const { flags } = await this.parse(SandboxReset);
    const session = await this.open(flags);
    session.needAnswer("tm sandbox reset --yes");
    if (!(await session.confirm("Remove all droplets and everything else of the sandbox cloud?")))
      throw new TunnelMeshError("TM_INTERRUPTED");
    const { resetSandbox } = await import("../../engine/sandbox/faults.ts");
    session.progress.phase("Emptying the sandbox cloud");
    const droplets = await resetSandbox(undefined, session.signal);
    await session.progress.end();
    this.print(`The sandbox cloud is empty; ${droplets === 1 ? "1 droplet is" : `${droplets} droplets are`} gone.`);
    return { droplets };
  }
}
