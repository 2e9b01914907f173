// tm add-node: takes one more machine into the mesh, over SSH.
import * as Args from "@oclif/core/args";
import * as Flags from "@oclif/core/flags";
import { adminKeyFlag, stackFlag } from "../frame/arguments.ts";
import { BaseCommand } from "../frame/base.ts";
import { loadDeployEngine } from "../frame/engines.ts";

export default class AddNode extends BaseCommand {
  static override summary = "Take one more machine into the mesh, over SSH.";
  static override description =
    "The machine stays a member until tm remove-node; the stack file need not name it. " +
    "An unknown host key is asked about on a terminal, never accepted otherwise.";
  static override examples = [
    "<%= config.bin %> add-node admin@192.168.1.20 --name storage",
    "<%= config.bin %> add-node backup --group servers",
  ];
  static override args = {
    target: Args.string({ description: '"user@host", or an alias of ~/.ssh/config.', required: true }),
  };
  static override flags = {
    stack: stackFlag,
    name: Flags.string({ summary: "Its name in the mesh; else its own host name.", helpValue: "NAME" }),
    group: Flags.string({
      summary: "Group it belongs to; may be repeated.",
      multiple: true,
      multipleNonGreedy: true,
      helpValue: "GROUP",
    }),
    port: Flags.integer({ summary: "SSH port.", min: 1, max: 65535, helpValue: "PORT" }),
    "host-key": Flags.string({ summary: 'Its host key, "ssh-ed25519 AAAA…", as known.', helpValue: "KEY" }),
    "admin-key": adminKeyFlag,
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(AddNode);
    const session = await this.open(flags);
    const loaded = await session.load(flags.stack);
    const engine = await loadDeployEngine();
    const result = await engine.addNode({
      ...session.engineContext(loaded, flags),
      target: args.target,
      groups: flags.group ?? [],
      ...(flags.name === undefined ? {} : { name: flags.name }),
      ...(flags.port === undefined ? {} : { port: flags.port }),
      ...(flags["host-key"] === undefined ? {} : { hostKey: flags["host-key"] }),
    });
    await session.progress.end();
    const { name, ip4, ip6, state } = result.host;
    this.print(`${name} is a member of ${result.mesh}: ${ip4 ?? ip6 ?? "no address"} (${state})`);
    this.print(`Try it from any member: ping ${name}.${loaded.model.domain}`);
    return result;
  }
}
