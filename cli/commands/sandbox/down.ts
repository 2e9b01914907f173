// tm sandbox down: takes the sandbox cloud away.
import { TunnelMeshError } from "../../../protocol/errors/error.ts";
import { BaseCommand } from "../../frame/base.ts";

export default class SandboxDown extends BaseCommand {
  static override summary = "Take the sandbox cloud away, with its droplets and all it holds.";
  static override examples = ["<%= config.bin %> sandbox down --yes"];

  async run(): Promise<unknown> {
    const { flags } = await this.parse(SandboxDown);
    const session = await this.open(flags);
    session.needAnswer("tm sandbox down --yes");
    if (!(await session.confirm("Remove the sandbox cloud with all its droplets?")))
      throw new TunnelMeshError("TM_INTERRUPTED");
    const { removeSandbox } = await import("../../engine/sandbox/sandbox.ts");
    session.progress.phase("Removing the sandbox cloud");
    const removed = await removeSandbox();
    await session.progress.end();
    this.print(removed ? "The sandbox cloud is gone." : "There was no sandbox cloud.");
    return { removed };
  }
}
