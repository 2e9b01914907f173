// Access that changes, held to what each pair gets when it is looked at by itself, port by port.
import fc from "fast-check";
import { expect, it } from "vitest";
import { changesOfAccess } from "../../../../cli/engine/review/access-changes.ts";
import type { Party } from "../../../../cli/engine/review/parties.ts";
import type { PlanReach } from "../../../../cli/engine/review/plan.ts";
import type { PolicyModel, SelectorModel, ServiceModel } from "../../../../constructs/model.ts";
import { cidrContains } from "../../../../protocol/addresses/cidr.ts";

type Rules = PolicyModel["allow"];
const names = ["a", "b", "c", "d"];

const selector: fc.Arbitrary<SelectorModel> = fc.oneof(
  fc.constantFrom("g", "h").map((name) => ({ kind: "group", name }) as const),
  fc.constantFrom(...names).map((name) => ({ kind: "node", name }) as const),
  fc.constantFrom("10.0.0.0/30", "10.0.0.0/31", "10.0.0.2/32").map((cidr) => ({ kind: "cidr", cidr }) as const),
);
const service: fc.Arbitrary<ServiceModel> = fc
  .tuple(
    fc.constantFrom("tcp" as const, "udp" as const),
    fc.integer({ min: 1, max: 6 }),
    fc.integer({ min: 0, max: 3 }),
  )
  .map(([protocol, from, more]) => ({ protocol, ports: [{ from, to: from + more }] }));
const services = fc.array(service, { minLength: 1, maxLength: 2 });
const rules: fc.Arbitrary<Rules> = fc.array(fc.record({ from: selector, to: selector, services }), { maxLength: 4 });
const parties: fc.Arbitrary<readonly Party[]> = fc.tuple(
  ...names.map((name, index) =>
    fc.subarray(["g", "h"]).map((groups) => ({ key: name, name, groups, addresses: [`10.0.0.${index}`] })),
  ),
);
const time = fc.record({ allow: rules, parties });

it("access that changes is what each pair of members gains or loses by itself", () => {
  fc.assert(
    fc.property(time, time, (before, after) => {
      const { gained, lost } = changesOfAccess({
        deployed: { allow: before.allow, at: 0 },
        allow: after.allow,
        parties: { before: before.parties, after: after.parties },
        meshRanges: ["10.0.0.0/8"],
      });
      const [was, is] = [passing(before.allow, before.parties), passing(after.allow, after.parties)];
      expect(said(gained)).toEqual(is.difference(was));
      expect(said(lost)).toEqual(was.difference(is));
    }),
    { numRuns: 300 },
  );
});

/** "a b tcp 1" for each two members and each port that is said; ranges beside them are left out. */
function said(reaches: readonly PlanReach[]): Set<string> {
  const found = new Set<string>();
  for (const { from, to, services: some } of reaches) {
    for (const left of from) {
      for (const right of to) {
        if (left === right || !names.includes(left) || !names.includes(right)) continue;
        for (const port of some.flatMap(portsOf)) found.add(`${left} ${right} ${port}`);
      }
    }
  }
  return found;
}

/** "tcp 1 3-4" as "tcp 1", "tcp 3", "tcp 4". */
function portsOf(text: string): readonly string[] {
  const [protocol = "", ...ranges] = text.split(" ");
  return ranges.flatMap((range) => {
    const [from = 0, to = from] = range.split("-").map(Number);
    return numbers(from, to).map((port) => `${protocol} ${port}`);
  });
}

/** As `said`, by asking every rule about every pair. */
function passing(allow: Rules, all: readonly Party[]): Set<string> {
  const found = new Set<string>();
  for (const { from, to, services: some } of allow) {
    for (const left of all.filter((party) => isSelected(from, party))) {
      for (const right of all.filter((party) => party !== left && isSelected(to, party))) {
        for (const { protocol, ports } of some) {
          for (const range of ports) {
            for (const port of numbers(range.from, range.to)) found.add(`${left.key} ${right.key} ${protocol} ${port}`);
          }
        }
      }
    }
  }
  return found;
}

function isSelected(by: SelectorModel, { name, groups, addresses }: Party): boolean {
  if (by.kind === "cidr") return addresses.some((address) => cidrContains(by.cidr, address));
  return by.kind === "node" ? by.name === name : groups.includes(by.name);
}

function numbers(from: number, to: number): readonly number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}
