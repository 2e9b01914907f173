// What a view takes and what it refuses.
import { describe, expect, it } from "vitest";
import { nodeIdOf } from "../../../protocol/trust/ssh-public-key.ts";
import { applyItems, itemsOf, openView } from "../../../protocol/trust/view.ts";
import { genesisItem, grantItem, keysItem, logItem, now, openedView, party } from "./mesh.ts";

const alpha = party("alpha");
const beta = party("beta");
const alphaId = nodeIdOf(alpha.signer.publicKey);

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
});
