// tm inventory: the members as other tools read them.
import * as Flags from "@oclif/core/flags";
import { stackArgument } from "../frame/arguments.ts";
import { BaseCommand } from "../frame/base.ts";
import { loadDeployEngine } from "../frame/engines.ts";
import { inventoryFormats } from "../output/inventory.ts";

export default class Inventory extends BaseCommand {
  static override summary = "List the members with their addresses and keys, for Ansible, ssh or a script.";
  static override description =
    "Read from the mesh file and the stack; connects to nothing. A member that the stack does not name, or a local host that does " +
    "not run, stands with its address in the mesh; one that came by a token, once tm status or another command has met it. Host keys are those that the mesh has signed; ssh reads them from 8.5 on.";
  static override examples = [
    "<%= config.bin %> inventory",
    "<%= config.bin %> inventory --format ansible > hosts.ini",
    "<%= config.bin %> inventory --format ssh-config > mesh.ssh && ssh -F mesh.ssh beta",
  ];
  static override args = { stack: stackArgument };
  static override flags = {
    format: Flags.string({ summary: "What it is written as.", options: inventoryFormats, default: "json" }),
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Inventory);
    const session = await this.open(flags);
    const loaded = await session.load(args.stack);
    const [engine, { renderInventory }] = await Promise.all([loadDeployEngine(), import("../output/inventory.ts")]);
    const result = await engine.meshInventory(session.engineContext(loaded));
    await session.progress.end();
    this.print(renderInventory(result, inventoryFormats.find((format) => format === flags.format) ?? "json"));
    return result;
  }
}
