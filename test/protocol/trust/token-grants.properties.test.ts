// Properties of grants that tokens signed: over every order, duplication and omission of what was ever signed.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { grantHash } from "../../../protocol/trust/apply-token-grant.ts";
import type { SignedItem } from "../../../protocol/trust/item.ts";
import type { MeshView } from "../../../protocol/trust/member.ts";
import { merkleRoot } from "../../../protocol/trust/merkle.ts";
import { nodeIdOf } from "../../../protocol/trust/ssh-public-key.ts";
import { applyItems, keptItemsOf, restoreItems } from "../../../protocol/trust/view.ts";
import { grantItem, keysItem, logItem, now, openedView, party, tokenGrant, tokenOf } from "./mesh.ts";

const start = openedView();
const ip = (last: number) => `100.64.0.${last}` as never;
const alpha = party("alpha");
const beta = party("beta");
const gamma = party("gamma");
const delta = party("delta");
const epsilon = party("epsilon");
const zeta = party("zeta");
const parties = [alpha, beta, gamma, delta, epsilon, zeta];

/** Two may join by `few`, three do; one name and one address are wanted twice. `ended` is revoked with its node. */
const few = tokenOf(start, "few");
const ended = tokenOf(start, "ended", { uses: 1 });
const byGamma = await tokenGrant(start, few, gamma, { name: "alpha", ip4: ip(3) });
const byDelta = await tokenGrant(start, few, delta, { ip4: ip(4) });
const byEpsilon = await tokenGrant(start, few, epsilon, { ip4: ip(3) });
const byZeta = await tokenGrant(start, ended, zeta, { ip4: ip(6) });
const forAdmins = await tokenGrant(start, few, beta, { ip4: ip(9), seq: 900 });
const again = await tokenGrant(start, few, gamma, { name: "other", ip4: ip(8), seq: 7 });

const log: SignedItem[] = [];
let signed = start;
for (const op of [few.entry, ended.entry, { type: "token.revoke", tid: ended.entry.tid, nodes: true } as const]) {
  log.push(logItem(signed, op));
  signed = applyItems(signed, log.slice(-1), now).view;
}
const confirmed = [byGamma, byEpsilon].map(({ body }) => grantHash(body));
const checkpoint = logItem(signed, {
  type: "checkpoint",
  root: merkleRoot(confirmed),
  delta: { add: confirmed, remove: [] },
});
const others = [
  grantItem(start, alpha, { ip4: ip(1) }),
  grantItem(start, beta, { ip4: ip(2) }),
  byGamma,
  byDelta,
  byEpsilon,
  byZeta,
  forAdmins,
  again,
  ...parties.map((who) => keysItem(start, who)),
];
const everything = [...log, checkpoint, ...others];

const calls = (items: readonly SignedItem[]) =>
  fc.array(fc.array(fc.constantFrom(...items), { maxLength: 8 }), { maxLength: 8 });
const deliver = (lists: readonly (readonly SignedItem[])[], from = start, at = now): MeshView =>
  lists.reduce((view, list) => applyItems(view, list, at).view, from);
const facts = (view: MeshView) =>
  [...view.members.values()]
    .map(({ nid, name, ip4, groups, keys }) => ({ nid, name, ip4, groups, keys: keys?.seq }))
    .sort((left, right) => left.nid.localeCompare(right.nid));

function expectSound(view: MeshView): void {
  const members = [...view.members.values()];
  expect(new Set(members.map(({ name }) => name)).size).toBe(members.length);
  const addresses = members.flatMap(({ ip4 }) => ip4 ?? []);
  expect(new Set(addresses).size).toBe(addresses.length);
  for (const member of members) {
    const held = view.held.grants.get(member.nid)!;
    expect(everything.map(({ body }) => body)).toContain(held.item.body);
    if (held.tid !== undefined) expect(view.tokens.get(held.tid)?.revoked).not.toBe("nodes");
  }
  for (const [tid, { token }] of view.tokens) {
    const used = view.held.uses.get(tid)?.size ?? 0;
    expect(used).toBeLessThanOrEqual(token.uses);
    const granted = [...view.held.grants.values()].filter((one) => one.tid === tid);
    expect(granted.length).toBeLessThanOrEqual(used);
  }
}

describe("grants of tokens in any order, with duplicates and omissions", () => {
  it("never exceed the token's uses, hold a name or an address twice, or admit what was not signed", () => {
    fc.assert(
      fc.property(calls(everything), (lists) => {
        let view = start;
        for (const list of lists) {
          const next = applyItems(view, list, now).view;
          expectSound(next);
          // An admin's word stays: no grant of a token takes its place.
          for (const [nid, held] of view.held.grants) {
            if (held.tid === undefined) expect(next.held.grants.get(nid)?.tid).toBeUndefined();
          }
          view = next;
        }
      }),
      { numRuns: 50 },
    );
  });

  it("come to the same members once an admin has confirmed who they are", () => {
    const whole = deliver([everything.filter((item) => item !== byDelta && item !== again && item !== forAdmins)]);
    const nids = [alpha, beta, gamma, epsilon].map(({ signer }) => nodeIdOf(signer.publicKey));
    expect(new Set(whole.members.keys())).toEqual(new Set(nids));
    expect(whole.members.get(nids[0]!)).toMatchObject({ name: "alpha", ip4: ip(1) });
    expect(whole.members.get(nids[3]!)?.ip4).toBe(ip(3));
    const certain = everything.filter((item) => item !== again && item !== forAdmins);
    // Again after the log, as an agent keeps what came before the entry that it rests on.
    fc.assert(
      fc.property(calls(everything), fc.shuffledSubarray(certain, { minLength: certain.length }), (lists, all) => {
        expect(facts(deliver([all, [...log, checkpoint], all], deliver(lists)))).toEqual(facts(whole));
      }),
      { numRuns: 25 },
    );
  });

  it("come to the same members without an admin's help where a token has room and nobody wants another's place", async () => {
    const wide = tokenOf(start, "wide", { uses: 3 });
    const add = logItem(start, wide.entry);
    const grants = await Promise.all(
      [gamma, delta, epsilon].map((who, index) => tokenGrant(start, wide, who, { ip4: ip(10 + index) })),
    );
    const items = [grantItem(start, alpha, { ip4: ip(1) }), ...grants, ...parties.map((who) => keysItem(start, who))];
    const whole = deliver([[add, ...items]]);
    expect(whole.members.size).toBe(4);
    fc.assert(
      fc.property(
        calls([add, ...items]),
        fc.shuffledSubarray(items, { minLength: items.length }),
        fc.integer({ min: 1, max: items.length }),
        (lists, all, cut) => {
          const view = deliver([...lists, [add], all.slice(0, cut), all.slice(cut), all]);
          expect(facts(view)).toEqual(facts(whole));
        },
      ),
      { numRuns: 25 },
    );
  });

  it("give the same view again from one's own disk, also long after", () => {
    fc.assert(
      fc.property(calls(everything), (lists) => {
        const view = deliver(lists);
        const restored = restoreItems(start, keptItemsOf(view), now + 90 * 86_400).view;
        expect(facts(restored)).toEqual(facts(view));
        const uses = ({ held }: MeshView) =>
          [...held.uses].map(([tid, nodes]) => [tid, [...nodes.keys()].sort()]).sort();
        expect(uses(restored)).toEqual(uses(view));
      }),
      { numRuns: 50 },
    );
  });
});
