// tm ping: sealed pings from one member to another.
import * as Args from "@oclif/core/args";
import * as Flags from "@oclif/core/flags";
import { TunnelMeshError } from "../../protocol/errors/error.ts";
import { stackFlag } from "../frame/arguments.ts";
import { BaseCommand } from "../frame/base.ts";
import { loadDeployEngine } from "../frame/engines.ts";

export default class Ping extends BaseCommand {
  static override summary = "Ping a member from another one, inside the mesh.";
  static override description = "Exits with 1 when every ping was lost.";
  static override examples = ["<%= config.bin %> ping beta", "<%= config.bin %> ping alpha --from gamma"];
  static override args = { node: Args.string({ description: "Member to ping.", required: true }) };
  static override flags = {
    stack: stackFlag,
    from: Flags.string({ summary: "Member that pings; else the coordinator, or another member.", helpValue: "NODE" }),
    count: Flags.integer({ summary: "Number of pings.", default: 3, min: 1, max: 100, helpValue: "N" }),
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Ping);
    const session = await this.open(flags);
    const loaded = await session.load(flags.stack);
    const members = loaded.model.members.toSorted((left, right) =>
      left.role < right.role ? -1 : left.role > right.role ? 1 : 0,
    );
    const from = flags.from ?? members.find((member) => member.name !== args.node)?.name;
    if (from === undefined || from === args.node) {
      throw new TunnelMeshError("TM_USAGE", {
        detail: `${args.node} cannot ping itself: name another member with --from`,
      });
    }
    const engine = await loadDeployEngine();
    const result = await engine.pingMember({
      ...session.engineContext(loaded),
      from,
      to: args.node,
      count: flags.count,
    });
    const { renderPath } = await import("../output/mesh.ts");
    await session.progress.end();
    for (const time of result.roundTrips) {
      this.print(`${from} to ${args.node}: ${time === null ? "lost" : `${time.toFixed(2)} ms`}`);
    }
    const answered = result.roundTrips.filter((time) => time !== null).length;
    this.print(`${answered} of ${result.roundTrips.length} answered, path ${renderPath(result)}`);
    if (answered === 0) process.exitCode = 1;
    return result;
  }
}
