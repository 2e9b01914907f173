// tm refresh: writes what changed at the service into Terraform's state.
import { TunnelMeshError } from "../../protocol/errors/error.ts";
import { stackArgument } from "../frame/arguments.ts";
import { BaseCommand } from "../frame/base.ts";
import { loadStateEngine } from "../frame/engines.ts";

export default class Refresh extends BaseCommand {
  static override summary = "Take what changed in the cloud outside tm into Terraform's state.";
  static override description =
    "Shows what changed and asks. Changes nothing in the cloud; see it first with tm drift.";
  static override examples = ["<%= config.bin %> refresh"];
  static override args = { stack: stackArgument };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Refresh);
    const session = await this.open(flags);
    const loaded = await session.load(args.stack);
    session.needAnswer(`tm refresh ${args.stack ?? ""} --yes`.replace(/ +/g, " "));
    const [engine, { renderDrift }] = await Promise.all([loadStateEngine(), import("../output/drift.ts")]);
    const result = await engine.refreshState({
      ...session.engineContext(loaded),
      ...(flags.yes
        ? {}
        : {
            confirm: async ({ drift, mesh }) => {
              if (await session.confirm(`${renderDrift(drift)}\n\nWrite this into the state of ${mesh}?`)) return true;
              throw new TunnelMeshError("TM_DECLINED");
            },
          }),
    });
    await session.progress.end();
    if (flags.yes && result.drift.length > 0) this.print(renderDrift(result.drift));
    this.print(result.written ? "The state says what the cloud has." : "The state says what the cloud has already.");
    return result;
  }
}
