// tm history: who deployed which release and commit, and when.
import { stackArgument } from "../frame/arguments.ts";
import { BaseCommand } from "../frame/base.ts";
import { loadDeployEngine } from "../frame/engines.ts";

export default class History extends BaseCommand {
  static override summary = "Show who deployed what, and when.";
  static override args = { stack: stackArgument };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(History);
    const session = await this.open(flags);
    const loaded = await session.load(args.stack);
    const [engine, { renderTable }] = await Promise.all([loadDeployEngine(), import("../output/table.ts")]);
    const result = await engine.deployHistory(session.engineContext(loaded));
    await session.progress.end();
    const rows = result.deploys.map(({ at, by, release, commit }) => [
      new Date(at).toISOString().slice(0, 19).replace("T", " "),
      by,
      release,
      commit?.slice(0, 12) ?? "",
    ]);
    this.print(renderTable(["WHEN (UTC)", "WHO", "RELEASE", "COMMIT"], rows));
    return result;
  }
}
