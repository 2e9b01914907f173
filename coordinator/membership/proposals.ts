// Names and addresses for nodes that join by token: free ones, kept for a while, granted by nobody but the token (life.md §2).
import { allotIpv4 } from "../../protocol/addresses/allot.ts";
import type { NodeId } from "../../protocol/brand.ts";
import type { Reservation } from "../../protocol/control/admin.ts";
import { hasExpired } from "../../protocol/trust/derive-members.ts";
import type { MeshView } from "../../protocol/trust/member.ts";
import type { TokenAdd } from "../../protocol/trust/token-entry.ts";
import { stateOf } from "../../protocol/trust/token-list.ts";
import type { Reserved } from "../store/store.ts";

export interface Place {
  readonly name: string;
  readonly ip4: string;
}

export interface PlaceRequest {
  readonly nid: NodeId;
  readonly name: string | undefined;
  /** That name or none; else a number may be put behind it. */
  readonly exact: boolean;
}

export interface Surroundings {
  readonly view: Pick<MeshView, "range" | "held" | "tokens">;
  readonly reservations: readonly Reservation[];
  /** What the stack gives to its own members. */
  readonly reserved: Reserved;
  /** Proposed to others and not granted yet. */
  readonly pending: readonly (Place & { readonly nid: string })[];
  readonly nowUnixSeconds: number;
}

export type PlaceResult =
  | { readonly ok: true; readonly place: Place }
  | {
      readonly ok: false;
      readonly code: "TM_JOIN_NAME_TAKEN" | "TM_COORDINATION_RANGE_FULL";
      readonly message: string;
    };

/** Numbers tried behind a name. */
const numberLimit = 1000;

/** A free name and address within what the token was made for. */
export function choosePlace(around: Surroundings, token: TokenAdd, request: PlaceRequest): PlaceResult {
  const { view, reservations } = around;
  const names = takenBy(around, token, request.nid, "name");
  const name = firstFree(candidates(token, request), names);
  if (name === undefined) {
    const message = request.name === undefined ? "no name that the token was made for is free" : request.name;
    return { ok: false, code: "TM_JOIN_NAME_TAKEN", message };
  }
  const addresses = takenBy(around, token, request.nid, "ip4");
  const own = [...reservations, ...around.pending].find(({ nid }) => nid === request.nid)?.ip4;
  const ip4 =
    token.ip4s === undefined
      ? own !== undefined && !addresses.has(own)
        ? own
        : allotIpv4(view.range, addresses)
      : firstFree(token.ip4s, addresses);
  if (ip4 === undefined) return { ok: false, code: "TM_COORDINATION_RANGE_FULL", message: view.range };
  return { ok: true, place: { name, ip4 } };
}

/** Whether another node, the stack or another token has a claim to the name or the address. */
export function isTaken(around: Surroundings, token: TokenAdd, nid: NodeId, place: Place): boolean {
  return takenBy(around, token, nid, "name").has(place.name) || takenBy(around, token, nid, "ip4").has(place.ip4);
}

function* candidates({ names }: TokenAdd, { name, exact }: PlaceRequest): Generator<string> {
  if (names !== undefined) {
    yield* name === undefined || !exact
      ? [...names.filter((one) => one === name), ...names]
      : names.filter((one) => one === name);
    return;
  }
  const base = name ?? "node";
  yield base;
  for (let number = 2; !exact && number < numberLimit; number += 1) {
    yield `${base.slice(0, 58).replace(/-+$/, "")}-${number}`;
  }
}

function firstFree(values: Iterable<string>, taken: ReadonlySet<string>): string | undefined {
  for (const value of values) if (!taken.has(value)) return value;
  return undefined;
}

function takenBy(around: Surroundings, token: TokenAdd, nid: NodeId, field: "name" | "ip4"): Set<string> {
  const { view, reservations, reserved, pending, nowUnixSeconds } = around;
  const list = field === "name" ? "names" : "ip4s";
  const granted = [...view.held.grants.values()].flatMap(({ grant }) =>
    hasExpired(grant.exp, nowUnixSeconds) ? [] : [grant],
  );
  const taken = new Set(
    [...reservations, ...granted, ...pending].filter((one) => one.nid !== nid).map((one) => one[field]),
  );
  const made: readonly string[] = token[list] ?? [];
  const keepFor = (values: readonly string[]): void => {
    for (const value of values) if (!made.includes(value)) taken.add(value);
  };
  keepFor(reserved[list]);
  for (const [tid, state] of view.tokens) {
    const used = view.held.uses.get(tid)?.size ?? 0;
    if (tid !== token.tid && stateOf(state, used, nowUnixSeconds) === "usable") keepFor(state.token[list] ?? []);
  }
  return taken;
}
