// Properties of the view: order, duplicates and omissions never admit an unsigned peer or lower a seq; a liar changes nothing.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { signatureNamespaces } from "../../../protocol/constants.ts";
import { decodeItem } from "../../../protocol/trust/body.ts";
import { canonicalJson } from "../../../protocol/trust/fields.ts";
import type { SignedItem } from "../../../protocol/trust/item.ts";
import type { MeshView } from "../../../protocol/trust/member.ts";
import { nodeIdOf } from "../../../protocol/trust/ssh-public-key.ts";
import { deriveTunnelKeys } from "../../../protocol/trust/tunnel-keys.ts";
import { applyItems, itemsOf } from "../../../protocol/trust/view.ts";
import { admin, grantItem, keysItem, logItem, mallory, now, openedView, party, sign } from "./mesh.ts";

const start = openedView();
const parties = ["alpha", "beta", "gamma"].map(party);
const ip = (last: number) => `100.64.0.${last}` as never;

/** Everything that was ever signed in this mesh: three members, newer grants and keys, a revocation, a readmission. */
const log = [logItem(start, { type: "coord.set", key: "22".repeat(32), urls: ["ws://198.18.0.1:8443"] })];
log.push(
  logItem(applyItems(start, log, now).view, {
    type: "node.revoke",
    nid: nodeIdOf(parties[2]!.signer.publicKey),
    seq: 1,
  }),
);
const others = parties.flatMap((who, index) => [
  grantItem(start, who, { ip4: ip(index + 1) }),
  grantItem(start, who, { ip4: ip(index + 1), seq: 2, groups: ["web"] }),
  keysItem(start, who),
  keysItem(start, who, { seq: 2, gen: 2 }),
]);
const honest = [...log, ...others];
const whole = applyItems(start, honest, now).view;

/** What does not depend on when something was first seen. */
const facts = (view: MeshView) =>
  [...view.members.values()]
    .map(({ nid, name, ip4, groups, grantSeq, keys }) => ({ nid, name, ip4, groups, grantSeq, keys: keys?.seq }))
    .sort((left, right) => left.nid.localeCompare(right.nid));

/** A list with omissions, duplicates and any order, in calls of any size. */
const calls = (items: readonly SignedItem[]) =>
  fc.array(fc.array(fc.constantFrom(...items), { maxLength: 6 }), { maxLength: 8 });

const bodiesSigned = new Set(honest.map((item) => item.body));

function expectHonest(view: MeshView): void {
  for (const item of itemsOf(view).slice(1)) expect(bodiesSigned.has(item.body)).toBe(true);
  for (const member of view.members.values()) {
    const { grant } = view.held.grants.get(member.nid)!;
    expect(parties.map((who) => who.signer.publicKey.line)).toContain(member.sshPublicKey);
    expect({ ...member, name: grant.name, ip4: grant.ip4 }).toEqual({ ...member });
    const who = parties.find(({ signer }) => signer.publicKey.line === member.sshPublicKey)!;
    if (member.keys !== undefined) expect(member.keys.x25519).toEqual(deriveTunnelKeys(who.seed).x25519.publicKey);
  }
}

function expectForward(before: MeshView, after: MeshView): void {
  expect(after.head.seq).toBeGreaterThanOrEqual(before.head.seq);
  for (const [nid, seq] of before.revoked) expect(after.revoked.get(nid)).toBeGreaterThanOrEqual(seq);
  for (const [nid, { keys }] of before.held.keys)
    expect(after.held.keys.get(nid)!.keys.seq).toBeGreaterThanOrEqual(keys.seq);
  for (const [nid, { grant }] of before.held.grants) {
    const seq = after.held.grants.get(nid)?.grant.seq ?? after.revoked.get(nid) ?? 0;
    expect(seq).toBeGreaterThanOrEqual(grant.seq);
  }
}

describe("any order, duplicates and omissions of what was signed", () => {
  it("never admit anything else and never go back", () => {
    fc.assert(
      fc.property(calls(honest), (lists) => {
        let view = start;
        for (const list of lists) {
          const next = applyItems(view, list, now).view;
          expectForward(view, next);
          expectHonest(next);
          view = next;
        }
        expect(view.frozen).toBeUndefined();
      }),
      { numRuns: 40 },
    );
  });

  it("end in the same members once all has arrived", () => {
    fc.assert(
      fc.property(calls(others), fc.shuffledSubarray(honest, { minLength: honest.length }), (lists, rest) => {
        let view = start;
        for (const list of lists) view = applyItems(view, list, now).view;
        view = applyItems(view, rest, now).view;
        expect(facts(view)).toEqual(facts(whole));
      }),
      { numRuns: 30 },
    );
  });

  it("give the same view again from itemsOf", () => {
    fc.assert(
      fc.property(calls(honest), (lists) => {
        let view = start;
        for (const list of lists) view = applyItems(view, list, now).view;
        const again = applyItems(start, itemsOf(view), now).view;
        expect([...again.members.values()]).toEqual([...view.members.values()]);
        expect(again.head).toEqual(view.head);
      }),
      { numRuns: 30 },
    );
  });
});

/** One field of an honest body changed, with the honest signatures or with the liar's own. */
const lies = fc
  .record({
    item: fc.constantFrom(...honest),
    own: fc.boolean(),
    pick: fc.nat(),
    value: fc.oneof(
      fc.constantFrom("11".repeat(32), "mallory", "100.64.0.9", mallory.signer.publicKey.line, []),
      fc.nat(100),
    ),
  })
  .map(({ item, own, pick, value }): SignedItem => {
    const body = JSON.parse(item.body) as Record<string, unknown>;
    const names = Object.keys(body);
    body[names[pick % names.length]!] = value;
    const text = canonicalJson(body);
    const namespace = "x25519" in body ? signatureNamespaces.node : signatureNamespaces.lock;
    return own ? sign(text, [mallory], namespace) : { body: text, sigs: item.sigs };
  })
  .filter((item) => !bodiesSigned.has(item.body));

describe("a lying coordinator", () => {
  it("changes nothing with edited bodies and its own signatures", () => {
    fc.assert(
      fc.property(fc.array(lies, { minLength: 1, maxLength: 10 }), (items) => {
        const { view, verdicts } = applyItems(whole, items, now);
        const waiting = verdicts.filter((verdict) => verdict.accepted);
        expect(waiting.every((verdict) => verdict.reason === "waiting-for-grant")).toBe(true);
        expect(facts(view)).toEqual(facts(whole));
        expect([view.head, view.coordinator, view.frozen]).toEqual([whole.head, whole.coordinator, whole.frozen]);
        expectHonest(view);
      }),
      { numRuns: 100 },
    );
  });

  it("cannot use a signature for another kind of item or another mesh", () => {
    const alpha = parties[0]!;
    const grant = grantItem(start, alpha, { seq: 7 });
    const keys = keysItem(start, alpha, { seq: 7 });
    const items: SignedItem[] = [
      sign(grant.body, [admin], signatureNamespaces.node),
      sign(grant.body, [alpha], signatureNamespaces.lock),
      sign(keys.body, [alpha], signatureNamespaces.lock),
      sign(keys.body, [admin], signatureNamespaces.node),
      { body: grant.body, sigs: keys.sigs },
      { body: keys.body, sigs: [...keys.sigs, ...keys.sigs] },
      grantItem({ ...start, meshId: "33".repeat(32) as never }, alpha, { seq: 7 }),
      grantItem(start, alpha, { seq: 7, ip4: "10.0.0.1" as never }),
    ];
    const { view, verdicts } = applyItems(whole, items, now);
    expect(verdicts.map((verdict) => verdict.accepted)).toEqual(items.map(() => false));
    expect(view).toBe(whole);
  });

  it("cannot make the view throw", () => {
    const text = fc.oneof(fc.string(), fc.json(), fc.constantFrom(...honest.map((item) => item.body)));
    const sigs = fc.array(fc.oneof(fc.string(), fc.constantFrom(...honest.flatMap((item) => item.sigs))), {
      maxLength: 3,
    });
    fc.assert(
      fc.property(fc.array(fc.record({ body: text, sigs }), { maxLength: 5 }), (items) => {
        expectHonest(applyItems(start, items, now).view);
      }),
    );
  });
});

describe("bodies", () => {
  it("decode from their canonical form alone", () => {
    for (const { body } of honest) {
      expect(decodeItem(body).ok).toBe(true);
      for (const other of [
        ` ${body}`,
        body.replace(",", ", "),
        JSON.stringify(Object.fromEntries(Object.entries(JSON.parse(body)).toReversed())),
      ]) {
        expect(decodeItem(other)).toEqual({ ok: false, reason: "not-canonical" });
      }
      const seq = JSON.parse(body).seq as number;
      expect(decodeItem(body.replace(`"seq":${seq}`, `"seq":${seq},"seq":${seq}`)).ok).toBe(false);
      expect(decodeItem(body.replace(`"seq":${seq}`, `"seq":${seq}.5`)).ok).toBe(false);
      expect(decodeItem(body.replace(`"seq":${seq}`, `"seq":${seq}.0`)).ok).toBe(false);
      expect(decodeItem(body.replace(`"seq":${seq}`, `"seq":9007199254740993`)).ok).toBe(false);
    }
  });

  it("of whatever text are refused without throwing", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        expect(decodeItem(text).ok).toBe(false);
      }),
    );
    expect(decodeItem("[".repeat(60_000)).ok).toBe(false);
    const deep = `${"[".repeat(30_000)}${"]".repeat(30_000)}`;
    expect(
      decodeItem(
        JSON.stringify({ ...JSON.parse(log[0]!.body), op: 0 }).replace('"op":0', `"op":{"a":${deep},"type":"x"}`),
      ).ok,
    ).toBe(false);
    expect(decodeItem(`{"op":"${"x".repeat(70_000)}"}`)).toEqual({ ok: false, reason: "too-long" });
    expect(decodeItem('{"op":"\\ud800"}'.replace("\\ud800", "\ud800"))).toEqual({ ok: false, reason: "not-json" });
  });
});
