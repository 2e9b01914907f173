// The report that GitLab shows in a merge request (artifacts:reports:terraform): three numbers.
import type { Plan } from "../../engine/review/plan.ts";

/** A replacement destroys one and creates one, as GitLab counts Terraform's own plans. */
export function renderGitlab({ summary }: Plan): string {
  const { create, update, replace, delete: gone } = summary;
  return JSON.stringify({ create: create + replace, update, delete: gone + replace });
}
