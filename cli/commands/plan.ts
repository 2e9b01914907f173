// tm plan: shows what a deploy would do, and changes nothing.
import path from "node:path";
import * as Flags from "@oclif/core/flags";
import { TunnelMeshError } from "../../protocol/errors/error.ts";
import { failures } from "../engine/review/failures.ts";
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
import { planFormats } from "../output/review/names.ts";

export default class Plan extends BaseCommand {
  static override summary = "Show what a deploy would change.";
  static override description =
    "Reads hosts over SSH where they can be reached. Changes nothing. What it shows, and what it writes, holds no secret.";
  static override examples = [
    "<%= config.bin %> plan",
    "<%= config.bin %> plan --detailed-exitcode --json",
    "<%= config.bin %> plan --format json --out plan.json --fail-on destroy",
  ];
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
    format: Flags.option({ options: planFormats, default: "text", summary: "How it is shown, or written by --out." })(),
    out: Flags.string({
      summary: "Write it there in the form of --format; stdout is for people then.",
      helpValue: "FILE",
    }),
    "fail-on": Flags.option({
      options: failures,
      multiple: true,
      summary:
        "Exit with 3 when something is destroyed (also to be replaced), is replaced, is replaced without --replace so that a deploy refuses it, when somebody gets in who could not before, or when anything changes; may be repeated.",
    })(),
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Plan);
    const session = await this.open(flags);
    const loaded = await session.load(args.stack);
    const [engine, { renderPlanAs }, { renderPolicyNote }, { hasChanges }, { breachesOf }] = await Promise.all([
      loadDeployEngine(),
      import("../output/review/formats.ts"),
      import("../output/mesh.ts"),
      import("../engine/review/plan.ts"),
      import("../engine/review/failures.ts"),
    ]);
    const result = await engine.planStack({
      ...session.engineContext(loaded, flags),
      ...(flags.ci ? { unasked: true } : {}),
      ...(flags.canary === undefined ? {} : { canary: flags.canary }),
      ...(flags.replace === undefined ? {} : { replace: flags.replace }),
      ...(flags["lock-timeout"] === undefined ? {} : { lockTimeout: flags["lock-timeout"] }),
    });
    await session.progress.end();
    const { review } = result;
    if (flags.out !== undefined) {
      const { writeRendering } = await import("../engine/review/plan-file.ts");
      await writeRendering(path.resolve(session.cwd, flags.out), renderPlanAs(review, flags.format));
    }
    const shown = flags.out === undefined ? flags.format : "text";
    this.print(renderPlanAs(review, shown));
    if (shown === "text") this.print(renderPolicyNote(loaded.model.policy.allow.length));
    if (flags["detailed-exitcode"] && hasChanges(review)) process.exitCode = 2;
    const breaches = breachesOf(review, flags["fail-on"] ?? []);
    if (breaches.length > 0) this.warnPartial(new TunnelMeshError("TM_PLAN_REFUSED", { detail: breaches.join("; ") }));
    return {
      ...result,
      policy: { enforced: false, ...loaded.model.policy },
      ...(breaches.length === 0 ? {} : { breaches }),
    };
  }
}
