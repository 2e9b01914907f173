// Changes and findings in the mesh's own words; each rendering says how a name is quoted.

import type { Consequence, PlanChange, PlanFinding, PlanReach, PlanUnknown } from "./plan.ts";
import { renderValue } from "./values.ts";

/** Makes a name or a value of somebody else's harmless where the sentence is shown. */
export type Quote = (text: string) => string;

/** In plain text a name stands as it is. */
export const plain: Quote = (text) => text;

const things: Readonly<Record<string, string>> = {
  digitalocean_droplet: "droplet",
  digitalocean_reserved_ip: "reserved address",
  digitalocean_reserved_ip_assignment: "assignment of the reserved address",
  digitalocean_record: "DNS record",
  digitalocean_volume: "volume",
  digitalocean_firewall: "firewall",
  digitalocean_tag: "tag",
  digitalocean_vpc: "private network",
  digitalocean_ssh_key: "SSH key",
  digitalocean_project_resources: "project",
};

const verbs: Readonly<Record<PlanChange["action"], string>> = {
  create: "will be created",
  update: "will change in place",
  replace: "will be REPLACED",
  delete: "will be DESTROYED",
  import: "is taken over as it is",
  move: "stays as it is under its new name",
  forget: "stays, but is looked after no longer",
};

const outcomes: Readonly<Record<Consequence, string>> = {
  "only-coordinator":
    "it is the only coordinator: until a new one runs nobody can join, and nodes that lose each other stay apart",
  coordinator: "it is a coordinator",
  "host-lost": "its disk and its identity in the mesh are lost",
  "volume-lost": "what is on it is lost",
  "address-lost": "the address is lost, and whoever knows it must be told another",
  restart: "it is off while that happens",
};

const reasons: Readonly<Record<string, string>> = {
  replace_because_tainted: "because it was left half-made",
  replace_because_by_request: "because --replace names it",
  replace_by_request: "because --replace names it",
  replace_by_triggers: "because what it depends on is replaced",
  replace_because_by_triggers: "because what it depends on is replaced",
  delete_because_no_resource_config: "because the stack has it no more",
};

/** "gw-fra: droplet will be REPLACED because region changes (fra1 → ams3)"; with consequences "; its disk … lost" too. */
export function describeChange(change: PlanChange, quote: Quote, { brief = false } = {}): string {
  const { action, node, reason, forcedBy, consequences, previousAddress, refusedWithout } = change;
  const why =
    forcedBy.length > 0
      ? `because ${telling(forcedBy)
          .map((path) => describeForced(change, path, quote))
          .join(" and ")}`
      : (reasons[reason ?? ""] ?? "");
  const moved = action === "move" && previousAddress !== undefined ? `(formerly ${quote(previousAddress)})` : "";
  const verb = [verbs[action], why, moved].filter((part) => part !== "").join(" ");
  const changed = action === "update" ? describeChanged(change, quote) : "";
  // What is lost stands in the findings, with this very sentence.
  const outcome =
    brief && (action === "delete" || action === "replace") ? [] : consequences.map((one) => outcomes[one]);
  const refusal =
    refusedWithout === undefined ? [] : [`deploy will refuse it without ${quote(`--replace ${refusedWithout}`)}`];
  return [`${subject(node, change, quote)} ${verb}${changed}`, ...refusal, ...outcome].join("; ");
}

/** Attributes that a stack file sets; others follow from them. */
const ownAttributes = new Set(["size", "region", "image", "name", "value", "ip_address"]);

/** Of what forces a replacement, what somebody has written, where that is among it. */
function telling(paths: readonly string[]): readonly string[] {
  const own = paths.filter((path) => ownAttributes.has(path));
  return own.length > 0 ? own : paths;
}

/** Names of what is made known here: "hub: droplet", "firewall node". */
function subject(node: string | undefined, { type, address }: PlanChange, quote: Quote): string {
  const thing = things[type];
  if (node !== undefined) return `${quote(node)}: ${thing ?? quote(type)}`;
  return thing === undefined ? quote(address) : `${thing} ${quote(address.slice(type.length + 1))}`;
}

function describeForced({ attributes }: PlanChange, path: string, quote: Quote): string {
  const attribute = attributes.find((one) => one.path === path);
  if (attribute === undefined || attribute.sensitive) return `${quote(path)} changes`;
  const after = attribute.unknown ? "known after apply" : quote(renderValue(attribute.after, 80));
  return `${quote(path)} changes (${quote(renderValue(attribute.before, 80))} → ${after})`;
}

function describeChanged({ attributes }: PlanChange, quote: Quote): string {
  const shown = attributes.filter(({ path, sensitive, unknown }) => ownAttributes.has(path) && !sensitive && !unknown);
  const texts = shown.map(
    ({ path, before, after }) => `${quote(path)} ${quote(renderValue(before, 80))} → ${quote(renderValue(after, 80))}`,
  );
  return texts.length === 0 ? "" : `: ${texts.join(", ")}`;
}

/** @param change what the finding is about, where it is one of the plan's changes: its own sentence says it best */
export function describeFinding(finding: PlanFinding, quote: Quote, change?: PlanChange): string {
  const { id, nodes, address, detail } = finding;
  const where = nodes.length > 0 ? listed(nodes, quote) : quote(address ?? "");
  const what = listed(detail, quote);
  switch (id) {
    case "ssh-open":
      return `SSH of ${where} will be open to the whole internet (${what})`;
    case "access-wider":
      return `${where} will let in more than before: ${what}`;
    case "access-unknown":
      return `what ${where} lets in is known after apply only`;
    case "unguarded":
      return `no firewall will guard ${where}: every port is open to everybody`;
    case "policy-open":
    case "policy-wider":
      return describeReach({ from: finding.from ?? [], to: nodes, services: detail }, "gained", quote);
    case "refused":
    case "host-lost":
    case "data-lost":
      return change === undefined ? `${where} will be lost` : describeChange(change, quote);
    case "member-removed":
      return `${where} will be signed out of the mesh`;
    case "check-failed":
      return `the check ${where} does not pass`;
    default:
      return id satisfies never;
  }
}

/** "alice, bob may newly reach storage: tcp 22". */
export function describeReach(
  { from, to, services }: Omit<PlanReach, "words">,
  change: "gained" | "lost",
  quote: Quote,
): string {
  const may = change === "gained" ? "may newly reach" : "may no longer reach";
  return `${listed(from, quote)} ${may} ${listed(to, quote)}: ${listed(services, quote)}`;
}

export function describeUnknown({ id, nodes, range = "" }: Omit<PlanUnknown, "words">, quote: Quote): string {
  switch (id) {
    case "mesh-there":
      return "whether one of the hosts belongs to a mesh already, as none was asked; the first deploy needs an admin's key";
    case "joined-by-token":
      return "who joined by a token since an admin deployed last, as no host was asked";
    case "policy-before":
      return "who gains or loses access, as the policy of the last deploy is not recorded where it could be read";
    case "address":
      return `whether ${listed(nodes, quote)} will be in ${quote(range)}, before it has an address`;
    default:
      return id satisfies never;
  }
}

function listed(names: readonly string[], quote: Quote): string {
  const shown = names.slice(0, 20).map(quote);
  const rest = names.length - shown.length;
  return [...shown, ...(rest > 0 ? [`${rest} more`] : [])].join(", ");
}
