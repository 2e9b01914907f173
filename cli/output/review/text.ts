// A plan on a terminal: findings first, then every change, members, hosts, what it costs, and the digest.
import { changeOfFinding, type Plan } from "../../engine/review/plan.ts";
import { describeChange, describeFinding, describeUnknown, plain } from "../../engine/review/words.ts";
import { escapeControls } from "../escape.ts";
import { renderAttributes } from "./attribute.ts";
import { renderHost, renderUpgrade } from "./hosts.ts";
import {
  renderAccess,
  renderAccessTitle,
  renderCost,
  renderCounts,
  renderMembers,
  renderNothing,
} from "./sentences.ts";

/** @param details attributes of each change too */
export function renderPlanText(plan: Plan, { details }: { readonly details: boolean } = { details: true }): string {
  const members = renderMembers(plan, plain);
  const cost = renderCost(plan, plain);
  const lines = [
    `Mesh ${plan.mesh}, ${plan.meshId === undefined ? "new" : `id ${plan.meshId.slice(0, 12)}`}, release ${plan.release}`,
    ...plan.findings.map(
      (finding) =>
        `${finding.level === "danger" ? "!!" : "! "} ${describeFinding(finding, plain, changeOfFinding(plan, finding))}`,
    ),
    ...renderResources(plan, details),
    ...section(
      "Outputs:",
      plan.outputs.map(({ name, action }) => `  ${name}: ${action}`),
    ),
    ...section(
      "Changed outside of tm:",
      plan.drift.map(({ address, paths }) => `  ${address}: ${paths.join(", ")}`),
    ),
    ...(members.length === 0 ? ["Members: no changes"] : section("Members:", members.map(indent))),
    ...section(`${renderAccessTitle(plan)}:`, renderAccess(plan, plain).map(indent)),
    ...plan.hosts.flatMap(renderHost),
    ...renderUpgrade(plan),
    ...(cost === undefined ? [] : [`Cost: ${cost}`]),
    ...section(
      "Not known:",
      plan.unknown.map((one) => indent(describeUnknown(one, plain))),
    ),
    ...(plan.risk === "destructive" || plan.risk === "widening" ? [`Risk: ${plan.risk}.`] : []),
    renderNothing(plan) ?? `${renderCounts(plan)}.`,
    `Digest: ${plan.digest}`,
  ];
  return lines.map((line) => escapeControls(line.replaceAll("\n", "\\n"))).join("\n");
}

const signs = { create: "+", update: "~", replace: "±", delete: "-", import: "<", move: ">", forget: "." } as const;

function renderResources(plan: Plan, details: boolean): readonly string[] {
  if (plan.terraform === undefined) return [];
  if (plan.changes.length === 0) return ["Cloud: no changes"];
  return section(
    "Cloud:",
    plan.changes.flatMap((change) => [
      `  ${signs[change.action]} ${describeChange(change, plain)}`,
      ...(details ? renderAttributes(change).map((line) => `      ${line}`) : []),
    ]),
  );
}

function indent(line: string): string {
  return `  ${line}`;
}

function section(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : [title, ...lines];
}
