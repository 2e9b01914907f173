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
    ...(host.notes ?? []).map((note) => `  (${note})`),
    ...host.steps.map((step) => `  ${step.title}`),
  ]);
  return [
    `Mesh ${plan.mesh}, ${plan.meshId === undefined ? "new" : `id ${plan.meshId.slice(0, 12)}`}, release ${plan.release}`,
    ...renderResources(plan.resources),
    ...(members.length === 0 ? ["Members: no changes"] : ["Members:", ...members]),
    ...hosts,
    ...renderUpgrade(plan.upgrade),
    plan.changes === 0 ? "No changes." : `${count(plan.changes, "change")}.`,
  ].join("\n");
}

/** Who is upgraded after whom, and why it is safe. */
function renderUpgrade(upgrade: PlanResult["upgrade"]): string[] {
  if (upgrade === undefined) return [];
  const titles = { coordinator: "the coordinator's host", canary: "the canary", rest: "the rest, at once" } as const;
  return [
    "Upgrade, each step when the one before is healthy, and a host that is not goes back:",
    ...upgrade.map(({ step, hosts }, index) => `  ${index + 1}. ${titles[step]}: ${hosts.join(", ")}`),
  ];
}

function renderBasis({ basis, error }: PlannedHost): string {
  return error === undefined ? bases[basis] : `${basis}, as the host could not be read`;
}

const marks = { create: "+", update: "~", replace: "±", delete: "-", import: "<", move: ">" } as const;

function renderResources(resources: PlanResult["resources"]): readonly string[] {
  if (resources === undefined) return [];
  if (resources.length === 0) return ["Cloud: no changes"];
  return [
    "Cloud:",
    ...resources.map(({ action, address, forcedBy }) => {
      const why = forcedBy.length === 0 ? "" : ` (forced by ${forcedBy.join(", ")})`;
      return `  ${marks[action]} ${action} ${address}${why}`;
    }),
  ];
}
