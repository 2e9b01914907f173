// tm plan: shows what a deploy would do, and changes nothing.
import * as Flags from "@oclif/core/flags";
import {
  adminKeyFlag,
  canaryFlag,
  lockTimeoutFlag,
  parallelFlag,
  replaceFlag,
  stackArgument,
} from "../frame/arguments.ts";
import { BaseCommand } from "../frame/base.ts";
import { loadDeployEngine } from "../frame/engines.ts";

export default class Plan extends BaseCommand {
  static override summary = "Show what a deploy would change.";
  static override description = "Reads hosts over SSH where they can be reached. Changes nothing.";
  static override examples = ["<%= config.bin %> plan", "<%= config.bin %> plan --detailed-exitcode --json"];
  static override hiddenAliases = ["diff"];
  static override args = { stack: stackArgument };
  static override flags = {
    "admin-key": adminKeyFlag,
    parallel: parallelFlag,
    canary: canaryFlag,
    replace: replaceFlag,
    "lock-timeout": lockTimeoutFlag,
    ci: Flags.boolean({
      default: false,
      summary:
        "As CI plans a pull request: reach no host, lock no state, and exit with 3 where an admin's signature is missing.",
    }),
    "detailed-exitcode": Flags.boolean({ default: false, summary: "Exit with 2 when there are changes." }),
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Plan);
    const session = await this.open(flags);
    const loaded = await session.load(args.stack);
    const [engine, { renderPlan }, { renderPolicyNote }] = await Promise.all([
      loadDeployEngine(),
      import("../output/plan.ts"),
      import("../output/mesh.ts"),
    ]);
    const result = await engine.planStack({
      ...session.engineContext(loaded, flags),
      ...(flags.ci ? { unasked: true } : {}),
      ...(flags.canary === undefined ? {} : { canary: flags.canary }),
      ...(flags.replace === undefined ? {} : { replace: flags.replace }),
      ...(flags["lock-timeout"] === undefined ? {} : { lockTimeout: flags["lock-timeout"] }),
    });
    await session.progress.end();
    this.print(renderPlan(result));
    this.print(renderPolicyNote(loaded.model.policy.allow.length));
    if (flags["detailed-exitcode"] && result.changes > 0) process.exitCode = 2;
    return { ...result, policy: { enforced: false, ...loaded.model.policy } };
  }
}
