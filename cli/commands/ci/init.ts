// tm ci init: writes workflows for GitHub or configuration for GitLab that plan, deploy and look for drift.
import { existsSync } from "node:fs";
import path from "node:path";
import * as Flags from "@oclif/core/flags";
import { stackArgument } from "../../frame/arguments.ts";
import { BaseCommand } from "../../frame/base.ts";

export default class CiInit extends BaseCommand {
  static override summary = "Write what GitHub or GitLab needs to plan and deploy this stack.";
  static override description =
    "Plans of pull requests, deploys of what was merged, a nightly look for drift; each job sees the secrets that it needs and no " +
    "others, and a fork sees none. Prints which secrets to set. What you have edited is kept and the difference shown, so it can " +
    "be run again.";
  static override examples = [
    "<%= config.bin %> ci init",
    "<%= config.bin %> ci init --gitlab",
    "<%= config.bin %> ci init --force",
  ];
  static override args = { stack: stackArgument };
  static override flags = {
    github: Flags.boolean({
      default: false,
      summary: "For GitHub; the default, unless there is a .gitlab-ci.yml.",
      exclusive: ["gitlab"],
    }),
    gitlab: Flags.boolean({ default: false, summary: "For GitLab." }),
    force: Flags.boolean({ default: false, summary: "Replace files that differ." }),
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(CiInit);
    const session = await this.open(flags);
    const loaded = await session.load(args.stack);
    const [{ ciFiles, writeCiFiles }, { ciNeeds }, { nextSteps, renderCi }] = await Promise.all([
      import("../../engine/ci/init.ts"),
      import("../../engine/ci/needs.ts"),
      import("../../output/ci.ts"),
    ]);
    const { projectFolder, stackFile, model } = loaded;
    const isGitlab = flags.gitlab || (!flags.github && existsSync(path.join(projectFolder, ".gitlab-ci.yml")));
    const service = isGitlab ? "gitlab" : "github";
    const needs = ciNeeds(model, path.relative(projectFolder, stackFile).replaceAll(path.sep, "/"));
    const files = await writeCiFiles(projectFolder, ciFiles(service, needs), { force: flags.force });
    await session.progress.end();
    this.print(renderCi(service, files, needs));
    return { service, files, secrets: needs.secrets, localState: needs.localState, next: nextSteps(service) };
  }
}
