// tm plan render: shows a saved plan in another form.
import path from "node:path";
import * as Args from "@oclif/core/args";
import * as Flags from "@oclif/core/flags";
import { BaseCommand } from "../../frame/base.ts";
import { planFormats } from "../../output/review/names.ts";

export default class PlanRender extends BaseCommand {
  static override summary = "Show a saved plan as text, Markdown, JSON or GitLab's report.";
  static override description =
    "Takes what tm plan --format json has written. Needs no stack, no cloud and no secret, so it may run where none of them is.";
  static override examples = [
    "<%= config.bin %> plan render plan.json --format markdown >> $GITHUB_STEP_SUMMARY",
    "<%= config.bin %> plan render plan.json --format gitlab --out tfplan.json",
  ];
  static override args = { file: Args.string({ required: true, description: "The plan's file." }) };
  static override flags = {
    format: Flags.option({ options: planFormats, default: "text", summary: "Its form." })(),
    out: Flags.string({ summary: "Write it there, not to stdout.", helpValue: "FILE" }),
    limit: Flags.integer({ summary: "Characters of Markdown at most.", helpValue: "N", min: 5000, max: 1_000_000 }),
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(PlanRender);
    const session = await this.open(flags);
    const [{ readPlanFile, writeRendering }, { renderPlanAs }, { runAddress }] = await Promise.all([
      import("../../engine/review/plan-file.ts"),
      import("../../output/review/formats.ts"),
      import("../../engine/review/pull-request.ts"),
    ]);
    const plan = await readPlanFile(path.resolve(session.cwd, args.file));
    const text = renderPlanAs(plan, flags.format, {
      run: runAddress(process.env),
      ...(flags.limit === undefined ? {} : { limit: flags.limit }),
    });
    if (flags.out === undefined) this.print(text);
    else await writeRendering(path.resolve(session.cwd, flags.out), text);
    return plan;
  }
}
