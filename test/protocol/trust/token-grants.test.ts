// Grants that tokens sign: what each rule lets pass and refuses, one by one.
import { beforeAll, describe, expect, it } from "vitest";
import { ephemeralLimit, grantHash, tokenGrace } from "../../../protocol/trust/apply-token-grant.ts";
import { ephemeralSilence } from "../../../protocol/trust/derive-members.ts";
import type { SignedItem } from "../../../protocol/trust/item.ts";
import type { Operation } from "../../../protocol/trust/log-entry.ts";
import type { MeshView } from "../../../protocol/trust/member.ts";
import { nodeIdOf } from "../../../protocol/trust/ssh-public-key.ts";
import { listTokens, nextCheckpoints } from "../../../protocol/trust/token-list.ts";
import { applyItems, itemsOf, keptItemsOf, restoreItems } from "../../../protocol/trust/view.ts";
import { grantItem, keysItem, logItem, now, openedView, type Party, party, sign, tokenGrant, tokenOf } from "./mesh.ts";

const start = openedView();
const [alpha, beta, gamma] = [party("alpha"), party("beta"), party("gamma")];
const nid = (who: Party) => nodeIdOf(who.signer.publicKey);
const ip = (last: number) => `100.64.0.${last}` as never;
const token = tokenOf(start, "token");
const brief = tokenOf(start, "brief", { ephemeral: true, uses: 1 });
const made = tokenOf(start, "made", { names: ["spare"], ip4s: [ip(50)] });
const day = 86_400;

function log(view: MeshView, ...ops: Operation[]): MeshView {
  return ops.reduce((one, op) => applyItems(one, [logItem(one, op)], now).view, view);
}
/** The view after one item, and why it was refused. */
function put(
  view: MeshView,
  item: SignedItem,
  at = now,
): { readonly view: MeshView; readonly reason: string | undefined } {
  const { view: next, verdicts } = applyItems(view, [item], at);
  return { view: next, reason: verdicts[0]?.accepted ? undefined : verdicts[0]?.reason };
}

const open = log(start, token.entry, brief.entry, made.entry);
let first: SignedItem;
let joined: MeshView;
beforeAll(async () => {
  first = await tokenGrant(open, token, alpha, { ip4: ip(1) });
  joined = put(open, first).view;
});

describe("a grant by a token", () => {
  it("makes a member within what the token may", async () => {
    expect(joined.members.get(nid(alpha))).toMatchObject({ name: "alpha", groups: ["web"], origin: "token" });
    for (const change of [
      { groups: ["web", "admin"] },
      { routes: ["10.0.0.0/8"] },
      { via: [nid(beta)] },
      { origin: "stack" as const },
      { seq: 1_000_001 },
    ]) {
      expect(put(open, await tokenGrant(open, token, beta, change)).reason).toBe("beyond-token");
    }
    expect(put(open, await tokenGrant(open, made, beta, { ip4: ip(50) })).reason).toBe("beyond-token");
    expect(put(open, await tokenGrant(open, made, beta, { name: "spare" })).reason).toBe("beyond-token");
    expect(put(open, await tokenGrant(open, made, beta, { name: "spare", ip4: ip(50) })).reason).toBeUndefined();
    expect(put(open, await tokenGrant(open, token, beta, { ip4: "10.0.0.1" as never })).reason).toBe("out-of-range");
    expect(put(open, await tokenGrant(open, token, beta, { groups: [] })).reason).toBeUndefined();
  });

  it("counts for nothing when its key is not the log's, or signs as somebody else", async () => {
    const foreign = tokenOf(open, "foreign");
    expect(put(open, await tokenGrant(open, foreign, beta)).reason).toBe("unknown-token");
    const { body } = await tokenGrant(open, token, beta);
    expect(put(open, { body, sigs: (await tokenGrant(open, foreign, beta)).sigs }).reason).toBe("bad-signature");
    expect(put(open, await tokenGrant(open, token, beta, { by: nid(beta) })).reason).toBe("foreign-signer");
    const twice = {
      body,
      sigs: [...(await tokenGrant(open, token, beta)).sigs, ...sign(body, [alpha], "token@tunnelmesh").sigs],
    };
    expect(put(open, twice).reason).toBe("foreign-signer");
    for (const namespace of ["lock@tunnelmesh", "node@tunnelmesh"] as const) {
      const sig = await token.party.signer.sign(namespace, body);
      expect(put(open, { body, sigs: [sig] }).reason).not.toBeUndefined();
    }
    expect(put(start, first).reason).toBe("unknown-token");
  });

  it("is counted once for each node, in the order of first sight, and stays counted when the node is gone", async () => {
    const second = put(joined, await tokenGrant(open, token, beta, { ip4: ip(2) })).view;
    const third = await tokenGrant(open, token, gamma, { ip4: ip(3) });
    expect(put(second, third).reason).toBe("used-up");
    expect(put(second, first)).toEqual({ view: expect.anything(), reason: undefined });
    const gone = log(second, { type: "node.revoke", nid: nid(beta), seq: 1 });
    expect(gone.members.has(nid(beta))).toBe(false);
    expect(put(gone, third).reason).toBe("used-up");
    expect(listTokens(gone, now)[0]).toMatchObject({
      state: "used-up",
      usesLeft: 0,
      used: [
        { nid: nid(alpha), member: true },
        { nid: nid(beta), member: false },
      ],
    });
    const restored = restoreItems(start, keptItemsOf(gone), now + 30 * day).view;
    expect(put(restored, third).reason).toBe("used-up");
    expect(listTokens(restored, now)).toEqual(listTokens(gone, now));
  });

  it("does not change what an admin or a token has granted already, nor undo a revocation", async () => {
    const granted = put(open, grantItem(open, alpha, { ip4: ip(1) })).view;
    expect(put(granted, await tokenGrant(open, token, alpha, { seq: 9 })).reason).toBe("granted-by-admin");
    expect(put(joined, await tokenGrant(open, token, alpha, { seq: 9, name: "other" })).reason).toBe("granted-already");
    expect(put(joined, await tokenGrant(open, made, alpha, { name: "spare", ip4: ip(50) })).reason).toBe(
      "granted-already",
    );
    const revoked = log(joined, { type: "node.revoke", nid: nid(alpha), seq: 1 });
    for (const seq of [1, 2, 1000]) {
      expect(put(revoked, await tokenGrant(open, token, alpha, { seq })).reason).toBe("revoked");
    }
    expect(put(revoked, grantItem(open, alpha, { seq: 2 })).view.members.has(nid(alpha))).toBe(true);
  });

  it("gives way to an admin's, whatever its seq, and keeps name and address where they are free", async () => {
    const high = put(open, await tokenGrant(open, token, alpha, { seq: 1_000_000 })).view;
    const taken = put(high, grantItem(open, alpha, { name: "renamed", seq: 1 })).view;
    expect(taken.members.get(nid(alpha))).toMatchObject({ name: "renamed", origin: "stack" });
    const conflict = put(joined, grantItem(open, beta, { name: "alpha", ip4: ip(1) })).view;
    expect(conflict.members.get(nid(beta))).toMatchObject({ name: "alpha", ip4: ip(1) });
    expect(conflict.members.get(nid(alpha))).toMatchObject({ name: nid(alpha).slice(0, 32), ip4: undefined });
  });
});

describe("time", () => {
  it("ends a token for those that come later, except to whom an admin has confirmed them", async () => {
    const late = token.entry.exp + tokenGrace;
    const grant = await tokenGrant(open, token, beta, { ip4: ip(2) });
    expect(put(open, grant, late).reason).toBeUndefined();
    expect(put(open, grant, late + 1).reason).toBe("token-expired");
    const [entry] = nextCheckpoints(put(open, grant).view, now);
    const confirmed = log(open, entry!);
    expect(put(confirmed, grant, late + 1).view.members.has(nid(beta))).toBe(true);
    const restored = restoreItems(start, keptItemsOf(put(open, grant).view), late + day).view;
    expect(restored.members.has(nid(beta))).toBe(true);
    expect(put(log(open), itemsOf(restored).at(-1)!, late + day).reason).toBe("token-expired");
  });

  it("lets go of an ephemeral token's node after a day of silence, and never by its own word beyond the grant", async () => {
    const exp = now + 3 * day;
    const grant = await tokenGrant(open, brief, alpha, { exp });
    expect(put(open, await tokenGrant(open, brief, alpha, { exp: 0 })).reason).toBe("beyond-token");
    const longest = brief.entry.exp + ephemeralLimit;
    expect(put(open, await tokenGrant(open, brief, alpha, { exp: longest + 1 })).reason).toBe("beyond-token");
    let view = applyItems(open, [grant, keysItem(open, alpha)], now).view;
    const at = (time: number): boolean => applyItems(view, [], time).view.members.has(nid(alpha));
    expect([at(now + ephemeralSilence - 1), at(now + ephemeralSilence)]).toEqual([true, false]);
    view = put(view, keysItem(open, alpha, { seq: 2, iat: now + day - 10 }), now + day - 10).view;
    expect([at(now + 2 * day - 11), at(now + 2 * day)]).toEqual([true, false]);
    view = put(view, keysItem(open, alpha, { seq: 3, iat: now + 300 * day }), now + day).view;
    expect(at(now + 2 * day)).toBe(false);
    view = put(view, keysItem(open, alpha, { seq: 4, iat: exp - 5 }), now + day).view;
    expect(at(exp)).toBe(false);
    const gone = applyItems(view, [], now + 10 * day).view;
    expect(put(gone, grant, now + 10 * day).view.members.has(nid(alpha))).toBe(false);
    const anew = await tokenGrant(open, brief, alpha, { exp: now + 12 * day, seq: 2 });
    expect(put(applyItems(view, [], now + 2 * day).view, anew, brief.entry.exp).view.members.has(nid(alpha))).toBe(
      true,
    );
  });
});

describe("token.revoke", () => {
  it("ends joining, and with its nodes their membership unless an admin granted it since", async () => {
    const two = applyItems(joined, [await tokenGrant(open, token, beta, { ip4: ip(2) })], now).view;
    const { tid } = token.entry;
    const ended = log(two, { type: "token.revoke", tid, nodes: false });
    expect([...ended.members.keys()]).toEqual([nid(alpha), nid(beta)]);
    expect(put(log(open, { type: "token.revoke", tid, nodes: false }), first).reason).toBe("token-revoked");
    const kept = put(ended, grantItem(open, beta, { ip4: ip(2) })).view;
    const gone = log(kept, { type: "token.revoke", tid, nodes: true });
    expect([...gone.members.keys()]).toEqual([nid(beta)]);
    const hashes = nextCheckpoints(joined, now);
    const confirmed = log(joined, ...hashes, { type: "token.revoke", tid, nodes: true });
    expect(confirmed.members.size).toBe(0);
    expect(put(confirmed, first).reason).toBe("token-revoked");
  });
});

describe("checkpoints", () => {
  it("list who came by a token, only when that changed, and are refused with a wrong root", async () => {
    const [entry, ...more] = nextCheckpoints(joined, now);
    expect([entry?.delta, more]).toEqual([{ add: [grantHash(first.body)], remove: [] }, []]);
    expect(put(joined, logItem(joined, { ...entry!, root: "00".repeat(32) })).reason).toBe("bad-checkpoint");
    const confirmed = log(joined, entry!);
    expect(nextCheckpoints(confirmed, now)).toEqual([]);
    expect(put(confirmed, logItem(confirmed, entry!)).reason).toBe("bad-checkpoint");
    const gone = log(confirmed, { type: "node.revoke", nid: nid(alpha), seq: 1 });
    const [next] = nextCheckpoints(gone, now);
    expect(next?.delta).toEqual({ add: [], remove: [grantHash(first.body)] });
    expect(log(gone, next!).checkpoint.size).toBe(0);
    const unaware = log(open, entry!);
    expect([unaware.members.size, nextCheckpoints(unaware, now)]).toEqual([0, []]);
  });

  it("keep a confirmed node when another was seen first", async () => {
    const one = tokenOf(open, "single", { uses: 1 });
    const base = log(open, one.entry);
    const [mine, theirs] = [await tokenGrant(open, one, alpha), await tokenGrant(open, one, beta)];
    const here = put(base, mine).view;
    expect(put(here, theirs).reason).toBe("used-up");
    const confirmed = log(here, ...nextCheckpoints(put(base, theirs).view, now));
    const settled = put(confirmed, theirs).view;
    expect([...settled.members.keys()]).toEqual([nid(beta)]);
    expect(put(settled, mine).reason).toBe("used-up");
  });
});
