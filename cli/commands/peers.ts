// tm peers: every path between members.
import * as Args from "@oclif/core/args";
import { stackFlag } from "../frame/arguments.ts";
import { BaseCommand } from "../frame/base.ts";
import { loadDeployEngine } from "../frame/engines.ts";

export default class Peers extends BaseCommand {
  static override summary = "Show the peers of a member, or of all.";
  static override examples = ["<%= config.bin %> peers", "<%= config.bin %> peers beta"];
  static override args = { node: Args.string({ description: "Only the peers of this member." }) };
  static override flags = { stack: stackFlag };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Peers);
    const session = await this.open(flags);
    const loaded = await session.load(flags.stack);
    const [engine, { renderPeerTable }] = await Promise.all([loadDeployEngine(), import("../output/mesh.ts")]);
    const names = args.node === undefined ? {} : { names: [args.node] };
    const result = await engine.meshStatus({ ...session.engineContext(loaded), ...names });
    await session.progress.end();
    this.print(renderPeerTable(result.hosts));
    if (result.hosts.some(({ agent, seen }) => seen === undefined && agent === undefined)) process.exitCode = 1;
    return result;
  }
}
