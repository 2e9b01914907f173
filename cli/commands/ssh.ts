// tm ssh: a shell on a member, with this machine's own ssh.
import * as Args from "@oclif/core/args";
import { stackFlag } from "../frame/arguments.ts";
import { BaseCommand } from "../frame/base.ts";
import { loadDeployEngine } from "../frame/engines.ts";
import { partArguments } from "../frame/passed-on.ts";

export default class Ssh extends BaseCommand {
  // Its streams belong to ssh, so there is no document of its own.
  static override enableJsonFlag = false;
  static override summary = "Open a shell on a member, or run one command there.";
  static override description =
    "Runs the ssh of this machine with the member's address, keys and the host key that the mesh has signed, so that it asks about " +
    "none. Exits as ssh does. It has no --json: for that, and for many hosts, there is tm exec.";
  static override usage = ["ssh NODE", "ssh NODE -- COMMAND…"];
  static override examples = ["<%= config.bin %> ssh beta", "<%= config.bin %> ssh beta -- tail -f /var/log/syslog"];
  static override args = { node: Args.string({ description: "Member to log in to.", required: true }) };
  static override flags = { stack: stackFlag };

  async run(): Promise<void> {
    const { own, command = [] } = partArguments(this.argv);
    const { args, flags } = await this.parse(Ssh, own);
    const session = await this.open(flags);
    const loaded = await session.load(flags.stack);
    const engine = await loadDeployEngine();
    const onStart = () => session.progress.end();
    const result = await engine.openShell({ ...session.engineContext(loaded), name: args.node, command, onStart });
    process.exitCode = result.code;
  }
}
