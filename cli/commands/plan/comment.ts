// tm plan comment: puts a saved plan into the one comment that a stack and stage have on a pull request.
import path from "node:path";
import * as Args from "@oclif/core/args";
import * as Flags from "@oclif/core/flags";
import { BaseCommand } from "../../frame/base.ts";

export default class PlanComment extends BaseCommand {
  static override summary = "Comment a saved plan on a pull request of GitHub.";
  static override description =
    "Takes what tm plan --format json has written. There is one comment for each stack and stage: it is made once and changed " +
    "afterwards. A plan without changes makes none, and turns one that is there into a line. The token is GITHUB_TOKEN, " +
    "GH_TOKEN, or what gh is signed in with; it needs pull-requests: write.";
  static override examples = [
    "<%= config.bin %> plan comment plan.json",
    "<%= config.bin %> plan comment plan.json --repository acme/mesh --pull-request 12",
  ];
  static override args = { file: Args.string({ required: true, description: "The plan's file." }) };
  static override flags = {
    repository: Flags.string({ summary: "Else GITHUB_REPOSITORY.", helpValue: "OWNER/NAME" }),
    "pull-request": Flags.integer({ summary: "Else the one of GITHUB_EVENT_PATH.", helpValue: "NUMBER", min: 1 }),
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(PlanComment);
    const session = await this.open(flags);
    const [{ readPlanFile }, { hasChanges }, { placeComment }, found, { markerOf, renderPlanMarkdown }] =
      await Promise.all([
        import("../../engine/review/plan-file.ts"),
        import("../../engine/review/plan.ts"),
        import("../../engine/review/comment.ts"),
        import("../../engine/review/pull-request.ts"),
        import("../../output/review/markdown.ts"),
      ]);
    const plan = await readPlanFile(path.resolve(session.cwd, args.file));
    const place = await found.findPlace(
      { repository: flags.repository, pullRequest: flags["pull-request"] },
      process.env,
    );
    const api = found.apiOf(process.env);
    const token = await found.findToken(process.env);
    const result = await placeComment({ api, token, signal: session.signal }, place, {
      marker: markerOf(plan),
      body: renderPlanMarkdown(plan, { run: found.runAddress(process.env) }),
      quiet: !hasChanges(plan),
    });
    await session.progress.end();
    this.print(
      result.url === undefined ? "No changes, and no comment that says otherwise." : `${result.action}: ${result.url}`,
    );
    return { ...place, ...result };
  }
}
