// What a view takes and what it refuses.
import { describe, expect, it } from "vitest";
import { waitingLimit } from "../../../protocol/trust/apply-keys.ts";
import { nodeIdOf } from "../../../protocol/trust/ssh-public-key.ts";
import { deriveTunnelKeys } from "../../../protocol/trust/tunnel-keys.ts";
import { applyItems, itemsOf, openView } from "../../../protocol/trust/view.ts";
import {
  admin,
  genesisItem,
  grantItem,
  keysItem,
  logItem,
  mallory,
  now,
  openedView,
  type Party,
  party,
  sign,
} from "./mesh.ts";

const alpha = party("alpha");
const beta = party("beta");
const alphaId = nodeIdOf(alpha.signer.publicKey);
const betaId = nodeIdOf(beta.signer.publicKey);

describe("view", () => {
  it("opens a genesis and pins its id", () => {
    const genesis = genesisItem();
    const opened = openView(genesis);
    expect(opened).toMatchObject({ ok: true, view: { name: "demo-dev", head: { seq: 0 }, frozen: undefined } });
    expect(openView(genesis, "0".repeat(64) as never)).toEqual({ ok: false, reason: "other-mesh" });
  });

  it("makes members of grants and keys, in either order", () => {
    const start = openedView();
    const items = [keysItem(start, alpha), grantItem(start, alpha)];
    for (const list of [items, items.toReversed()]) {
      let view = start;
      for (const item of list) view = applyItems(view, [item], now).view;
      expect(view.members.get(alphaId)).toMatchObject({ name: "alpha", ip4: "100.64.0.1", keys: { generation: 1 } });
    }
  });

  it("revokes, and readmits with a higher grant", () => {
    const start = openedView();
    const joined = applyItems(start, [grantItem(start, alpha), keysItem(start, alpha)], now).view;
    const revocation = logItem(joined, { type: "node.revoke", nid: alphaId, seq: 1 });
    const revoked = applyItems(joined, [revocation], now).view;
    expect(revoked.members.size).toBe(0);
    expect(applyItems(revoked, [grantItem(start, alpha)], now).verdicts).toEqual([
      { accepted: false, known: false, reason: "revoked" },
    ]);
    const back = applyItems(revoked, [grantItem(start, alpha, { seq: 2 })], now).view;
    expect(back.members.get(alphaId)?.keys).toBeDefined();
  });

  it("gives the same view again from its own items", () => {
    const start = openedView();
    const items = [
      grantItem(start, alpha),
      grantItem(start, beta, { ip4: "100.64.0.1" as never }),
      keysItem(start, beta),
      keysItem(start, alpha),
      logItem(start, { type: "coord.set", key: "22".repeat(32), urls: ["ws://198.18.0.1:8443"] }),
    ];
    const { view, verdicts } = applyItems(start, items, now);
    expect(verdicts.map((verdict) => verdict.accepted)).toEqual([true, true, true, true, true]);
    const [genesis, ...rest] = itemsOf(view);
    const again = applyItems(openedView(genesis!), rest, now).view;
    expect([...again.members.values()]).toEqual([...view.members.values()]);
    expect(again.coordinator).toEqual(view.coordinator);
    expect(view.members.get(nodeIdOf(beta.signer.publicKey))?.ip4).toBeUndefined();
  });

  it("keeps a name and an address for whom it saw first, also over a restart and a renewal", () => {
    const start = openedView();
    const first = applyItems(start, [grantItem(start, alpha)], now).view;
    const taker = grantItem(start, beta, { name: "alpha", ip4: "100.64.0.1" as never });
    const both = applyItems(first, [taker], now).view;
    const namesOf = (view: typeof both) => [...view.members.values()].map((one) => [one.nid, one.name, one.ip4]);
    const expected = [
      [alphaId, "alpha", "100.64.0.1"],
      [betaId, betaId.slice(0, 32), undefined],
    ];
    expect(namesOf(both)).toEqual(expected);
    const renewed = applyItems(both, [grantItem(start, alpha, { seq: 2, groups: ["web"] })], now).view;
    expect(namesOf(renewed)).toEqual(expected);
    expect(namesOf(applyItems(start, itemsOf(renewed), now).view)).toEqual(expected);
    const gone = logItem(renewed, { type: "node.revoke", nid: alphaId, seq: 2 });
    expect(namesOf(applyItems(renewed, [gone], now).view)).toEqual([[betaId, "alpha", "100.64.0.1"]]);
  });

  it("lets go of a grant that has expired, and takes a renewed one", () => {
    const start = openedView();
    const joined = applyItems(start, [grantItem(start, alpha, { exp: now + 60 }), keysItem(start, alpha)], now).view;
    expect(joined.members.size).toBe(1);
    const later = applyItems(joined, [], now + 60).view;
    expect(later.members.size).toBe(0);
    expect(applyItems(later, [grantItem(start, alpha, { exp: 0, seq: 2 })], now + 60).view.members.size).toBe(1);
  });

  it("refuses a lower seq, and an equal one with other content", () => {
    const start = openedView();
    const view = applyItems(start, [grantItem(start, alpha, { seq: 5 }), keysItem(start, alpha, { seq: 5 })], now).view;
    const items = [
      grantItem(start, alpha, { seq: 4 }),
      grantItem(start, alpha, { seq: 5, groups: ["web"] }),
      keysItem(start, alpha, { seq: 4 }),
      keysItem(start, alpha, { seq: 5, gen: 2 }),
    ];
    const { view: after, verdicts } = applyItems(view, items, now);
    expect(after).toBe(view);
    const reasons = ["older", "same-seq-other-content", "older", "same-seq-other-content"];
    expect(verdicts.map((verdict) => verdict.reason)).toEqual(reasons);
  });

  it("gives a tunnel key to the node it is derived from, before the one that signed it first", () => {
    const start = openedView();
    const derived = Buffer.from(deriveTunnelKeys(beta.seed).x25519.publicKey).toString("hex");
    const thief = [grantItem(start, alpha), keysItem(start, alpha, { x25519: derived })];
    const alone = applyItems(start, thief, now).view;
    expect(alone.members.get(alphaId)?.keys).toBeDefined();
    const grant = grantItem(start, beta, { ip4: "100.64.0.2" as never });
    const both = applyItems(alone, [grant, keysItem(start, beta)], now).view;
    expect(both.members.get(alphaId)?.keys).toBeUndefined();
    expect(both.members.get(betaId)?.keys).toBeDefined();
    const rotated = applyItems(both, [keysItem(start, alpha, { seq: 2 })], now).view;
    expect(rotated.members.get(alphaId)?.keys).toBeDefined();
  });

  it("gives a tunnel key that nobody derives to whom it saw with it first", () => {
    const start = openedView();
    const bound = Buffer.from(deriveTunnelKeys(party("random").seed).x25519.publicKey).toString("hex");
    const items = [
      grantItem(start, alpha),
      grantItem(start, beta, { ip4: "100.64.0.2" as never }),
      keysItem(start, beta, { x25519: bound }),
      keysItem(start, alpha, { x25519: bound }),
    ];
    const { view } = applyItems(start, items, now);
    expect([view.members.get(alphaId)?.keys, view.members.get(betaId)?.keys?.seq]).toEqual([undefined, 1]);
  });

  it("gives a control key to whom it saw with it first, whoever signs it as theirs later", () => {
    const start = openedView();
    const stolen = Buffer.from(deriveTunnelKeys(beta.seed).ctl.publicKey).toString("hex");
    const items = [
      grantItem(start, alpha),
      grantItem(start, beta, { ip4: "100.64.0.2" as never }),
      keysItem(start, alpha),
      keysItem(start, beta),
    ];
    const honest = applyItems(start, items, now).view;
    const { view } = applyItems(honest, [keysItem(start, alpha, { ctl: stolen, seq: 2 })], now);
    const again = applyItems(start, itemsOf(view), now).view;
    for (const one of [view, again]) {
      expect([one.members.get(alphaId)?.keys, one.members.get(betaId)?.keys?.seq]).toEqual([undefined, 1]);
    }
    const back = applyItems(again, [keysItem(start, alpha, { seq: 3 })], now).view;
    expect(back.members.get(alphaId)?.keys?.seq).toBe(3);
  });

  it("keeps keys that wait for a grant, but not without bound", () => {
    const start = openedView();
    const full = { ...start, held: { ...start.held, keys: new Map() } };
    for (let count = 0; count < waitingLimit; count += 1) full.held.keys.set(`${count}` as never, {} as never);
    expect(applyItems(full, [keysItem(start, alpha)], now).verdicts).toMatchObject([{ reason: "too-many" }]);
    expect(applyItems(start, [keysItem(start, alpha)], now).verdicts).toEqual([
      { accepted: true, known: false, reason: "waiting-for-grant" },
    ]);
  });

  it("needs as many admins as the threshold says, each once", () => {
    const admins = [admin, party("second"), party("third")];
    const start = openedView(genesisItem({ threshold: 2 }, admins));
    const body = grantItem(start, alpha).body;
    const reasonFor = (who: readonly Party[]) =>
      applyItems(start, [sign(body, who, "lock@tunnelmesh")], now).verdicts[0]?.reason;
    expect(reasonFor([admin])).toBe("too-few-signers");
    expect(reasonFor([admin, admin])).toBe("signed-twice");
    expect(reasonFor([admin, mallory])).toBe("foreign-signer");
    expect(reasonFor([admins[1]!, admins[2]!])).toBe("foreign-signer");
    expect(reasonFor([admin, admins[1]!])).toBeUndefined();
    expect(openView(genesisItem({ threshold: 2 }, admins)).ok).toBe(true);
    const single = genesisItem({ threshold: 2 }, admins);
    expect(openView({ ...single, sigs: single.sigs.slice(0, 1) })).toEqual({ ok: false, reason: "too-few-signers" });
  });
});
