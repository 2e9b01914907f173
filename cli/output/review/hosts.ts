// What a plan does on hosts, and in which order they are upgraded.
import type { Plan } from "../../engine/review/plan.ts";

/** What the plan of a host was made from (life.md §6). */
const bases = {
  assumed: "assumed, as the host is not there yet",
  recorded: "as recorded by the last deploy",
  live: "read from the host",
} as const;

/** A host and its steps, one line each. */
export function renderHost({ name, role, basis, steps, notes, error }: Plan["hosts"][number]): string[] {
  const from = error === undefined ? bases[basis] : `${basis}, as the host could not be read`;
  return [
    `${name} (${role}; ${from})${steps.length === 0 ? ": nothing to do" : ""}`,
    ...(error === undefined ? [] : [`  ! ${describeProblem(error)}`]),
    ...notes.map((note) => `  (${note})`),
    ...steps.map(({ title }) => `  ${title}`),
  ];
}

function describeProblem({ message, detail }: NonNullable<Plan["hosts"][number]["error"]>): string {
  return detail === undefined || message.includes(detail) ? message : `${message}: ${detail}`;
}

const titles = { coordinator: "the coordinator's host", canary: "the canary", rest: "the rest, at once" } as const;

/** Who is upgraded after whom, and why it is safe. */
export function renderUpgrade({ upgrade }: Plan): string[] {
  if (upgrade.length === 0) return [];
  return [
    "Upgrade, each step when the one before is healthy, and a host that is not goes back:",
    ...upgrade.map(({ step, hosts }, index) => `  ${index + 1}. ${titles[step]}: ${hosts.join(", ")}`),
  ];
}
