// tm unlock: ends a deploy lease that somebody left behind.
import { TunnelMeshError } from "../../protocol/errors/error.ts";
import { stackArgument } from "../frame/arguments.ts";
import { BaseCommand } from "../frame/base.ts";
import { loadDeployEngine } from "../frame/engines.ts";

export default class Unlock extends BaseCommand {
  static override summary = "End the deploy lease that another run left behind.";
  static override description =
    "A lease ends by itself 60 s after its holder died. Never do this to a deploy that still runs.";
  static override args = { stack: stackArgument };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Unlock);
    const session = await this.open(flags);
    const loaded = await session.load(args.stack);
    session.needAnswer(`tm unlock ${args.stack ?? ""} --yes`.replace(/ +/g, " "));
    if (!(await session.confirm(`End the deploy lease of mesh ${loaded.model.name}, whoever holds it?`))) {
      throw new TunnelMeshError("TM_DECLINED");
    }
    const engine = await loadDeployEngine();
    const result = await engine.unlockStack(session.engineContext(loaded));
    await session.progress.end();
    const { holder } = result;
    this.print(
      holder === undefined
        ? "Nobody held the lease."
        : `The deploy lease of ${holder.name} (pid ${holder.pid}) is ended.`,
    );
    return result;
  }
}
