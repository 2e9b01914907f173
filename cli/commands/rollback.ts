// tm rollback: takes hosts back to the release before the present one.
import * as Args from "@oclif/core/args";
import { TunnelMeshError } from "../../protocol/errors/error.ts";
import { parallelFlag, stackFlag } from "../frame/arguments.ts";
import { BaseCommand } from "../frame/base.ts";
import { loadDeployEngine } from "../frame/engines.ts";

export default class Rollback extends BaseCommand {
  static override summary = "Go back to the release before, on all hosts or those named.";
  static override description =
    "Each host keeps the release before the present one and what it started from. Without names the last upgrade is undone, on the " +
    "hosts that it got to. Nodes go first and the coordinator's host last, " +
    "unless its coordinator does not answer; each has to be healthy again. One release back is kept, not more.";
  static override examples = ["<%= config.bin %> rollback", "<%= config.bin %> rollback beta gamma --yes"];
  static override strict = false;
  static override args = {
    node: Args.string({ description: "Members that go back; all when left out." }),
  };
  static override flags = { parallel: parallelFlag, stack: stackFlag };

  async run(): Promise<unknown> {
    const { argv, flags } = await this.parse(Rollback);
    const names = [...new Set(argv.map(String))];
    const session = await this.open(flags);
    const loaded = await session.load(flags.stack);
    session.needAnswer(["tm rollback", ...names, "--yes"].join(" "));
    const which = names.length === 0 ? "all hosts" : names.join(", ");
    if (!(await session.confirm(`Take ${which} of ${loaded.model.name} back to the release before?`))) {
      throw new TunnelMeshError("TM_DECLINED");
    }
    const [engine, { renderHosts }, { count }] = await Promise.all([
      loadDeployEngine(),
      import("../output/mesh.ts"),
      import("../output/table.ts"),
    ]);
    const result = await engine.rollbackStack({
      ...session.engineContext(loaded, flags),
      ...(names.length === 0 ? {} : { names }),
    });
    await session.progress.end();
    this.print(renderHosts(result.hosts));
    for (const { name, release } of result.hosts) if (release !== undefined) this.print(`${name} runs ${release}`);
    if (result.failed > 0)
      this.warnPartial(new TunnelMeshError("TM_DEPLOY_PARTIAL", { detail: `${count(result.failed, "host")} failed` }));
    return result;
  }
}
