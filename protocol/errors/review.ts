// Error catalogue: what can go wrong around reviewing plans.
import type { ErrorEntry } from "./entry.ts";

export const reviewErrors = {
  TM_PLAN_CHANGED: {
    title: "The plan changed since review",
    cause: "What a deploy would do now is not what was agreed to: the stack, the release or the cloud is another one.",
    advice: ["Look at it again: tm plan", "Then deploy with the digest that it shows."],
    exitCode: 4,
  },
  TM_PLAN_STALE: {
    title: "This plan is stale",
    cause: "It was made too long ago, or for another stack or stage.",
    advice: ["Make a new one: tm plan --format json --out plan.json"],
    exitCode: 4,
  },
  TM_PLAN_FILE: {
    title: "This is no plan that can be read",
    cause: "The file is missing, too large, damaged, or of another release.",
    advice: ["Make one: tm plan --format json --out plan.json"],
  },
  TM_PLAN_REFUSED: {
    title: "The plan does what --fail-on forbids",
    cause: "Nothing was changed; the plan shows what it would be.",
    advice: ["Change the stack, or have somebody look at it and run it without --fail-on."],
    exitCode: 3,
  },
  TM_COMMENT_PLACE: {
    title: "It is not known where the comment belongs",
    cause: "A workflow of a pull request says which repository and which pull request it is; elsewhere flags do.",
    advice: ["Say it: --repository OWNER/NAME --pull-request NUMBER"],
    exitCode: 64,
  },
  TM_COMMENT_TOKEN: {
    title: "GitHub did not take the token",
    cause: "GITHUB_TOKEN or GH_TOKEN is missing or wrong, and gh is not signed in.",
    advice: ["In a workflow, set GITHUB_TOKEN of the step to github.token.", "On a laptop: gh auth login"],
  },
  TM_COMMENT_FORBIDDEN: {
    title: "The token may not comment here",
    cause: "It lacks the permission, as the token of every run from a fork does.",
    advice: ["Give the job: permissions: pull-requests: write", "From forks: comment in a job of its own."],
  },
  TM_COMMENT_NOT_FOUND: {
    title: "GitHub does not know this pull request",
    cause: "The repository or the number is wrong, or the token cannot see the repository.",
    advice: ["Check --repository and --pull-request."],
  },
  TM_COMMENT_REFUSED: {
    title: "GitHub did not take the comment",
    cause: "It said what was wrong with it; a locked conversation takes none.",
    advice: ["Unlock the conversation, or put the plan into the run's summary: tm plan render FILE --format markdown"],
  },
  TM_COMMENT_RATE_LIMIT: {
    title: "GitHub takes no more requests for now",
    cause: "The token's limit is used up, for longer than a job should wait.",
    advice: ["Run it again later."],
  },
  TM_COMMENT_UNREACHABLE: {
    title: "GitHub cannot be reached",
    cause: "The connection failed, or the answer was none that GitHub gives.",
    advice: ["Run it again; see https://www.githubstatus.com."],
  },
} as const satisfies Record<`TM_${string}`, ErrorEntry>;
