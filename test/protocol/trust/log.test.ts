// The log of a mesh: its chain, forks, operations of a later version, and signatures that can be written in two ways.
import { describe, expect, it } from "vitest";
import { signatureNamespaces } from "../../../protocol/constants.ts";
import { canonicalJson } from "../../../protocol/trust/fields.ts";
import type { Operation } from "../../../protocol/trust/log-entry.ts";
import type { MeshView } from "../../../protocol/trust/member.ts";
import { hashLine } from "../../../protocol/trust/mesh-file.ts";
import { nodeIdOf } from "../../../protocol/trust/ssh-public-key.ts";
import { applyItems, itemsOf } from "../../../protocol/trust/view.ts";
import { admin, genesisItem, grantItem, keysItem, logItem, mallory, now, openedView, party, sign } from "./mesh.ts";

const alpha = party("alpha");
const beta = party("beta");
const id = (who: typeof alpha) => nodeIdOf(who.signer.publicKey);
const coordinator = (digit: string): Operation => ({
  type: "coord.set",
  key: digit.repeat(64),
  urls: [`ws://198.18.0.${digit}:8443`],
});
const revoke = (who: typeof alpha): Operation => ({ type: "node.revoke", nid: id(who), seq: 9 });
const urls = (view: MeshView) => view.coordinator?.urls;

function meshOfTwo(): MeshView {
  const start = openedView();
  const grants = [grantItem(start, alpha), grantItem(start, beta, { ip4: "100.64.0.2" as never })];
  return applyItems(start, [...grants, keysItem(start, alpha), keysItem(start, beta)], now).view;
}

/** An entry whose operation this version does not know, or knows with other fields. */
function strangeItem(view: MeshView, op: Record<string, unknown>, v = 1) {
  const { seq, hash } = view.head;
  const body = canonicalJson({ v, mesh: view.meshId, seq: seq + 1, prev: hash, time: now, op });
  return sign(body, [admin], signatureNamespaces.lock);
}

describe("log", () => {
  it("is applied in order, whatever the order of arrival in one call", () => {
    const start = openedView();
    const first = logItem(start, coordinator("1"));
    const second = logItem(applyItems(start, [first], now).view, coordinator("2"));
    const { view, verdicts } = applyItems(start, [second, first], now);
    expect(verdicts.every((verdict) => verdict.accepted)).toBe(true);
    expect(view.head).toEqual({ seq: 2, hash: hashLine(second) });
    expect(urls(view)).toEqual(["ws://198.18.0.2:8443"]);
    expect(applyItems(view, [first, second], now).verdicts).toEqual([
      { accepted: true, known: true },
      { accepted: true, known: true },
    ]);
  });

  it("refuses a gap, a wrong chain, a foreign signer and another mesh", () => {
    const start = openedView();
    const first = logItem(start, coordinator("1"));
    const view = applyItems(start, [first], now).view;
    const second = logItem(view, coordinator("2"));
    const reasonOf = (base: MeshView, item: typeof first) => applyItems(base, [item], now).verdicts[0]?.reason;
    expect(reasonOf(start, second)).toBe("gap");
    expect(reasonOf(view, logItem({ ...view, head: { seq: 1, hash: "0".repeat(64) } }, coordinator("2")))).toBe(
      "not-chained",
    );
    expect(reasonOf(view, logItem(view, coordinator("2"), [mallory]))).toBe("foreign-signer");
    const other = openedView(genesisItem({ nonce: "22".repeat(32) }));
    expect(reasonOf(start, logItem(other, coordinator("1")))).toBe("other-mesh");
    expect(reasonOf(start, genesisItem({ nonce: "22".repeat(32) }))).toBe("other-mesh");
  });

  it("stops at a fork: keeps members, voids what either branch revoked, and stays so over a restart", () => {
    const start = meshOfTwo();
    const ours = logItem(start, coordinator("1"));
    const theirs = logItem(start, revoke(alpha));
    const before = applyItems(start, [ours], now).view;
    const { view, verdicts } = applyItems(before, [theirs], now);
    expect(verdicts[0]?.accepted).toBe(true);
    expect(view.frozen?.reason).toBe("fork");
    expect(view.head).toEqual(before.head);
    expect([...view.members.keys()]).toEqual([id(beta)]);
    const more = [
      logItem(view, coordinator("3")),
      grantItem(view, party("gamma"), { ip4: "100.64.0.3" as never }),
      keysItem(view, beta, { seq: 2 }),
    ];
    expect(applyItems(view, more, now).verdicts.map((verdict) => verdict.reason)).toEqual([
      "frozen",
      "frozen",
      "frozen",
    ]);
    const emptied = applyItems(view, [logItem(view, revoke(beta))], now).view;
    expect(emptied.members.size).toBe(0);
    for (const one of [view, emptied]) {
      const again = applyItems(openedView(), itemsOf(one), now).view;
      expect(again.frozen).toEqual(one.frozen);
      expect([...again.members]).toEqual([...one.members]);
    }
  });

  it.each([
    ["an unknown operation", { type: "admin.remove", key: "x" }, 1],
    ["unknown fields of a known one", { type: "node.revoke", nid: id(alpha), seq: 1, reason: "lost" }, 1],
    ["a later version", { ...coordinator("1") }, 2],
  ])("stops at %s, at the last good state", (_, op, v) => {
    const start = meshOfTwo();
    const { view } = applyItems(start, [strangeItem(start, op, v)], now);
    expect(view.frozen?.reason).toBe("unknown-operation");
    expect(view.head).toEqual(start.head);
    expect(view.members).toEqual(start.members);
    expect(applyItems(view, [logItem(view, revoke(alpha))], now).view.members.size).toBe(2);
    const again = applyItems(openedView(), itemsOf(view), now).view;
    expect(again.frozen).toEqual(view.frozen);
    expect([...again.members]).toEqual([...start.members]);
  });

  it("is not stopped by a strange entry that no admin signed", () => {
    const start = meshOfTwo();
    const { body } = strangeItem(start, { type: "admin.remove" });
    const forged = sign(body, [mallory], signatureNamespaces.lock);
    expect(applyItems(start, [forged], now).view).toBe(start);
  });

  it("takes another valid signature over the same entry as the same entry, not as a fork", () => {
    const second = party("second");
    const start = openedView(genesisItem({}, [admin, second]));
    const short = logItem(start, coordinator("1"), [admin]);
    const long = sign(short.body, [admin, second], signatureNamespaces.lock);
    const swapped = { ...long, sigs: long.sigs.toReversed() };
    const atShort = applyItems(start, [short], now).view;
    const seen = applyItems(atShort, [swapped], now);
    expect(seen.verdicts).toEqual([{ accepted: true, known: true }]);
    expect(seen.view.frozen).toBeUndefined();
    const next = logItem({ ...atShort, head: { seq: 1, hash: hashLine(swapped) } }, coordinator("2"));
    expect(applyItems(atShort, [next], now).verdicts[0]?.reason).toBe("not-chained");
    const { view } = applyItems(seen.view, [next], now);
    expect(view.head.seq).toBe(2);
    expect(itemsOf(view)[1]).toEqual(swapped);
  });
});
