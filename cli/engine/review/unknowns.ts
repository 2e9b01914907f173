// What a plan could not know, so that nobody takes its silence for a no.
import type { MeshModel } from "../../../constructs/model.ts";
import { mayBeInRange, meshRangesOf, type Parties } from "./parties.ts";
import type { Plan, PlanUnknown } from "./plan.ts";
import { describeUnknown, plain } from "./words.ts";

export interface Knowledge {
  readonly model: Pick<MeshModel, "policy" | "range">;
  /** Absent before the mesh exists. */
  readonly meshId: string | undefined;
  /** No host was asked. */
  readonly unasked: boolean;
  readonly parties: Parties;
  readonly basis: Plan["accessChanges"]["basis"];
}

export function unknownsOf({ model, meshId, unasked, parties, basis }: Knowledge): PlanUnknown[] {
  const found: Bare[] = [
    ...(unasked ? [aboutNobody(meshId === undefined ? "mesh-there" : "joined-by-token")] : []),
    ...(basis === "unknown" ? [aboutNobody("policy-before")] : []),
    ...undecidedAddresses(model, parties, meshRangesOf(model, meshId)),
  ];
  return found.map((one) => ({ ...one, words: describeUnknown(one, plain) }));
}

type Bare = Omit<PlanUnknown, "words">;

function aboutNobody(id: PlanUnknown["id"]): Bare {
  return { id, nodes: [] };
}

/** Members to come of which nobody knows whether a rule's range will cover them. */
function undecidedAddresses(
  { policy }: Knowledge["model"],
  { after }: Parties,
  meshRanges: readonly string[],
): readonly Bare[] {
  const selectors = policy.allow.flatMap(({ from, to }) => [from, to]);
  const ranges = new Set(selectors.flatMap((selector) => (selector.kind === "cidr" ? [selector.cidr] : [])));
  return [...ranges].toSorted().flatMap((range) => {
    const undecided = after.filter((party) => mayBeInRange(range, party, meshRanges));
    const nodes = undecided.map(({ key }) => key).toSorted();
    return nodes.length === 0 ? [] : [{ id: "address", nodes, range }];
  });
}
