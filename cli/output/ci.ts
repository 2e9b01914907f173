// Renders what tm ci init wrote, and what is left to do by hand.
import type { CiFile, CiService } from "../engine/ci/init.ts";
import type { CiNeeds } from "../engine/ci/needs.ts";

/** Files, differences, secrets, next steps. */
export function renderCi(service: CiService, files: readonly CiFile[], needs: CiNeeds): string {
  const blocks = [files.map(({ file, state }) => `${state.padEnd(8)}  ${file}`).join("\n")];
  for (const { difference } of files) if (difference !== undefined) blocks.push(difference.trimEnd());
  if (files.some(({ state }) => state === "kept")) {
    blocks.push("What differs was kept. Take over what you want of it by hand, or all of it with: tm ci init --force");
  }
  blocks.push(secrets(service, needs));
  if (needs.localState) {
    blocks.push(
      "The stack keeps Terraform's state on one machine, so CI would begin with an empty one. Give it a state that is shared " +
        'first: state.spaces({ bucket: "…", region: "…" }) in the stack file.',
    );
  }
  blocks.push(["Next:", ...nextSteps(service).map((step) => `  ${step}`)].join("\n"));
  return blocks.join("\n\n");
}

export function nextSteps(service: CiService): readonly string[] {
  return service === "github"
    ? [
        "Make the environments plan and production (Settings, Environments); production with reviewers, and for branch main alone.",
        "git add .github mesh && git commit, and open a pull request: its plan comes as a comment.",
      ]
    : [
        "In .gitlab-ci.yml: include: [{ local: .gitlab/tm.gitlab-ci.yml }]",
        "Protect the default branch and the environment production: whoever may deploy to it starts the job.",
        "git add .gitlab .gitlab-ci.yml mesh && git commit, and open a merge request.",
      ];
}

function secrets(service: CiService, needs: CiNeeds): string {
  const where = (jobs: "deploy" | "all") =>
    jobs === "all" ? "environments plan and production" : "environment production alone";
  const title =
    service === "github"
      ? "Secrets to set:"
      : "Variables to set by environment, all masked. Protect those of production; a merge request's plan would not see protected ones:";
  const lines = needs.secrets.map(({ name, purpose, jobs }) => `  ${name} (${where(jobs)}): ${purpose}`);
  return [title, ...lines].join("\n");
}
