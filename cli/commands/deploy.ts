// tm deploy: makes hosts and mesh what the stack says.
import * as Flags from "@oclif/core/flags";
import { TunnelMeshError } from "../../protocol/errors/error.ts";
import { adminKeyFlag, canaryFlag, parallelFlag, stackArgument } from "../frame/arguments.ts";
import { BaseCommand } from "../frame/base.ts";
import { loadDeployEngine } from "../frame/engines.ts";

export default class Deploy extends BaseCommand {
  static override summary = "Make the mesh what the stack says.";
  static override description =
    "Reaches every host over SSH, installs what is missing or old, signs members in and out, and checks the result. " +
    "Shows the plan and asks before anything changes. A run that stopped half-way is finished by running it again.";
  static override examples = ["<%= config.bin %> deploy", "<%= config.bin %> deploy stacks/quickstart.ts --yes"];
  static override args = { stack: stackArgument };
  static override flags = {
    "admin-key": adminKeyFlag,
    parallel: parallelFlag,
    canary: canaryFlag,
    downgrade: Flags.boolean({ default: false, summary: "Allow a release older than the mesh's." }),
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Deploy);
    const session = await this.open(flags);
    const loaded = await session.load(args.stack);
    session.needAnswer(`tm deploy ${args.stack ?? ""} --yes`.replace(/ +/g, " "));
    const { rememberStack } = await import("../engine/synth/current.ts");
    rememberStack(loaded);
    const [engine, { renderPlan }, { renderHosts }, { count }] = await Promise.all([
      loadDeployEngine(),
      import("../output/plan.ts"),
      import("../output/mesh.ts"),
      import("../output/table.ts"),
    ]);
    const result = await engine.deployStack({
      ...session.engineContext(loaded, flags),
      yes: flags.yes,
      downgrade: flags.downgrade,
      ...(flags.canary === undefined ? {} : { canary: flags.canary }),
      ...(session.interactive && !flags.yes
        ? {
            confirm: async (plan) => {
              const question = `Deploy ${count(plan.changes, "change")} to stage ${plan.stage}?`;
              if (await session.confirm(`${renderPlan(plan)}\n\n${question}`)) return true;
              throw new TunnelMeshError("TM_DECLINED");
            },
          }
        : {}),
    });
    await session.progress.end();
    this.print(renderHosts(result.hosts));
    for (const [name, value] of Object.entries(result.outputs ?? {})) this.print(`${name} = ${value}`);
    if (result.failed === 0) this.print(`Mesh ${result.mesh} is deployed. See it with: tm status`);
    else
      this.warnPartial(new TunnelMeshError("TM_DEPLOY_PARTIAL", { detail: `${count(result.failed, "host")} failed` }));
    return result;
  }
}
