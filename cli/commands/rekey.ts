// tm rekey: takes a rebuilt host in under the name that it had.
import * as Args from "@oclif/core/args";
import * as Flags from "@oclif/core/flags";
import { adminKeyFlag, stackFlag } from "../frame/arguments.ts";
import { BaseCommand } from "../frame/base.ts";
import { loadDeployEngine } from "../frame/engines.ts";

export default class Rekey extends BaseCommand {
  static override summary = "Take a rebuilt host in under the name and address that it had.";
  static override description =
    "A member is its SSH host key, and a machine that was set up anew has another. Shows the old and the new key, and asks; then " +
    "revokes the old one, signs the new one and installs the host. Without a terminal the new key is given with --host-key, or is " +
    "in known_hosts or the stack already and --yes says that the change is meant.";
  static override examples = [
    "<%= config.bin %> rekey nas",
    '<%= config.bin %> rekey nas --host-key "ssh-ed25519 AAAA…"',
  ];
  static override args = { name: Args.string({ description: "Its name in the mesh.", required: true }) };
  static override flags = {
    stack: stackFlag,
    "host-key": Flags.string({ summary: 'Its new host key, "ssh-ed25519 AAAA…", as known.', helpValue: "KEY" }),
    "admin-key": adminKeyFlag,
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Rekey);
    const session = await this.open(flags);
    const hostKey = flags["host-key"];
    const loaded = await session.load(flags.stack);
    if (hostKey === undefined) session.needAnswer(`tm rekey ${args.name} --host-key "ssh-ed25519 AAAA…"`);
    const engine = await loadDeployEngine();
    const result = await engine.rekeyNode({
      ...session.engineContext(loaded, flags),
      name: args.name,
      ...(hostKey === undefined ? {} : { hostKey }),
      async confirmRebuilt({ name, address, before, now, trusted }) {
        if (hostKey !== undefined || (trusted && flags.yes)) return true;
        if (!session.interactive) return false;
        // --yes is about changes, never about a key that nothing vouches for.
        return session.ask(
          `${name} (${address}) is known by  ${before}\nIt shows another key now:  ${now}\n` +
            "Compare it on the host's own console: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub\n" +
            `Was ${name} rebuilt, and is this its key?`,
        );
      },
    });
    await session.progress.end();
    const { ip4, ip6 } = result.host;
    if (result.before === result.now) this.print(`${args.name} has the key that the mesh knows, and is installed.`);
    else
      this.print(`${args.name} is a member with its new key ${result.now}, at ${ip4 ?? ip6}. The old key is revoked.`);
    return result;
  }
}
