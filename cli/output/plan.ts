// Renders a plan for people: members that come and go, then the steps on each host.
import type { PlannedHost, PlanResult } from "../engine/deploy/contract.ts";
import { renderReport } from "./mesh.ts";
import { count } from "./table.ts";

/** What the plan was made from (life.md §6). */
const bases = {
  assumed: "assumed, as the host is not there yet",
  recorded: "as recorded by the last deploy",
  live: "read from the host",
} as const;

export function renderPlan(plan: PlanResult): string {
  const { added, removed, renamed } = plan.members;
  const members = [
    ...added.map((name) => `  + ${name}`),
    ...removed.map((name) => `  - ${name}`),
    ...renamed.map(({ from, to }) => `  ~ ${from} becomes ${to}`),
  ];
  const hosts = plan.hosts.flatMap((host) => [
    `${host.name} (${host.role}; ${renderBasis(host)})${host.steps.length === 0 ? ": nothing to do" : ""}`,
    ...(host.error === undefined ? [] : [`  ! ${renderReport(host.error)}`]),
    ...host.steps.map((step) => `  ${step.title}`),
  ]);
  return [
    `Mesh ${plan.mesh}, ${plan.meshId === undefined ? "new" : `id ${plan.meshId.slice(0, 12)}`}, release ${plan.release}`,
    ...(members.length === 0 ? ["Members: no changes"] : ["Members:", ...members]),
    ...hosts,
    plan.changes === 0 ? "No changes." : `${count(plan.changes, "change")}.`,
  ].join("\n");
}

function renderBasis({ basis, error }: PlannedHost): string {
  return error === undefined ? bases[basis] : `${basis}, as the host could not be read`;
}
