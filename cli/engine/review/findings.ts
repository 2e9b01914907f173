// What a reviewer must not overlook: hosts and data that are lost, firewalls that open, members that go.
import { exposuresOf } from "./firewalls.ts";
import type { Plan, PlanChange, PlanFinding } from "./plan.ts";
import { isHalfOfWorld, isOpenToWorld, type Opening, widerThan } from "./ports.ts";
import type { ShownResource } from "./show.ts";
import { describeFinding, plain } from "./words.ts";

type Bare = Omit<PlanFinding, "words">;

/**
 * Dangers first.
 * @param nodeOf the member of a resource by its address
 * @param rest.known members and clients that are there before the deploy
 */
export function findingsOf(
  resources: readonly ShownResource[],
  changes: readonly PlanChange[],
  nodeOf: (address: string) => string | undefined,
  rest: Pick<Plan, "members" | "checks" | "accessChanges"> & { readonly known: ReadonlySet<string> },
): PlanFinding[] {
  const found: Bare[] = [
    ...lostHosts(changes),
    ...lostData(changes),
    ...accessFindings(resources, nodeOf),
    ...policyFindings(rest.accessChanges, rest.known),
    ...refusedCreations(changes),
    ...(rest.members.removed.length === 0 ? [] : [removedMembers(rest.members.removed)]),
    ...rest.checks.map(
      ({ address, status }): Bare => ({ id: "check-failed", level: "warning", nodes: [], address, detail: [status] }),
    ),
  ];
  return found
    .toSorted((left, right) => levels.indexOf(left.level) - levels.indexOf(right.level))
    .map((finding) => ({
      ...finding,
      words: describeFinding(
        { ...finding, words: "" },
        plain,
        changes.find(({ address }) => address === finding.address),
      ),
    }));
}

function removedMembers(nodes: readonly string[]): Bare {
  return { id: "member-removed", level: "warning", nodes: [...nodes], detail: [] };
}

const levels = ["danger", "warning"];

/** Whatever is gained by a member that comes is told; that one who comes can be reached is no news to those who were there. */
function policyFindings({ gained }: Plan["accessChanges"], known: ReadonlySet<string>): readonly Bare[] {
  return gained.flatMap(({ from, to, services }): readonly Bare[] => {
    if (isHalfOfWorld(from)) return [{ id: "policy-open", level: "danger", from, nodes: to, detail: services }];
    const there = to.filter((name) => known.has(name) || name.includes("/"));
    return there.length === 0 || known.size === 0
      ? []
      : [{ id: "policy-wider", level: "warning", from, nodes: there, detail: services }];
  });
}

/** A droplet that is to be made under the name of a member: a replaced or removed one is told as lost already. */
function refusedCreations(changes: readonly PlanChange[]): readonly Bare[] {
  return changes.flatMap(({ action, node, address, refusedWithout }): readonly Bare[] =>
    action !== "create" || refusedWithout === undefined
      ? []
      : [{ id: "refused", level: "danger", nodes: node === undefined ? [] : [node], address, detail: [] }],
  );
}

function lostHosts(changes: readonly PlanChange[]): readonly Bare[] {
  return changes
    .filter(({ type, action }) => type === "digitalocean_droplet" && (action === "delete" || action === "replace"))
    .map(({ node, address }) => ({
      id: "host-lost",
      level: "danger",
      nodes: node === undefined ? [] : [node],
      address,
      detail: [],
    }));
}

/** Resources that hold something that cannot be made again. */
const holding = /^digitalocean_(?:volume|reserved_ip|database_cluster|database_db|spaces_bucket|domain)$/;

function lostData(changes: readonly PlanChange[]): readonly Bare[] {
  return changes
    .filter(({ type, action }) => holding.test(type) && (action === "delete" || action === "replace"))
    .map(({ node, address }) => ({
      id: "data-lost",
      level: "danger",
      nodes: node === undefined ? [] : [node],
      address,
      detail: [address],
    }));
}

function accessFindings(
  resources: readonly ShownResource[],
  nodeOf: (address: string) => string | undefined,
): readonly Bare[] {
  const each = exposuresOf(resources).flatMap(({ address, before, after, isNew, open }): Bare[] => {
    const node = nodeOf(address);
    const of = { nodes: node === undefined ? [] : [node], ...(node === undefined ? { address } : {}) };
    if (open) return [{ id: "access-unknown", level: "warning", ...of, detail: [] }];
    if (after === undefined) {
      return isNew || before !== undefined ? [{ id: "unguarded", level: "danger", ...of, detail: [] }] : [];
    }
    if (before === undefined && !isNew) return [];
    const wider = widerThan(before ?? [], after);
    const ssh = wider.some(isSsh) && isOpenToWorld(after, "tcp", 22) && !isOpenToWorld(before ?? [], "tcp", 22);
    const opened = ssh ? wider.filter(isSsh) : [];
    // All that a new host lets in is new; only what nobody would want is told.
    const others = isNew ? [] : wider.filter((opening) => !opened.includes(opening));
    return [
      ...(ssh ? [{ id: "ssh-open", level: "danger", ...of, detail: opened.map(describeOpening) } satisfies Bare] : []),
      ...(others.length === 0
        ? []
        : [{ id: "access-wider", level: "warning", ...of, detail: others.map(describeOpening) } satisfies Bare]),
    ];
  });
  // Twenty nodes behind one firewall are one finding.
  const alike = Map.groupBy(each, ({ id, detail, address }) => JSON.stringify([id, detail, address]));
  return [...alike.values()].map((group) => ({ ...group[0]!, nodes: group.flatMap(({ nodes }) => nodes).toSorted() }));
}

function isSsh({ protocol, from, to, source }: Opening): boolean {
  return protocol === "tcp" && from <= 22 && to >= 22 && source.kind === "range";
}

/** "tcp 22 from 0.0.0.0/0". */
function describeOpening({ protocol, from, to, source }: Opening): string {
  const ports =
    protocol === "icmp" ? "" : from === 1 && to === 65_535 ? " all ports" : ` ${from === to ? from : `${from}-${to}`}`;
  return `${protocol}${ports} from ${source.text}`;
}
