// Stock WireGuard clients as members: in whatever order items come, revoked, expired, with a key, a name or an address of another.
import { createHash } from "node:crypto";
import { x25519 } from "@noble/curves/ed25519.js";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nodeIp6 } from "../../../protocol/addresses/ula.ts";
import { decodeItem } from "../../../protocol/trust/body.ts";
import { clientSshKey } from "../../../protocol/trust/client-key.ts";
import { canonicalJson } from "../../../protocol/trust/fields.ts";
import type { Grant } from "../../../protocol/trust/grant.ts";
import type { SignedItem } from "../../../protocol/trust/item.ts";
import type { MeshView } from "../../../protocol/trust/member.ts";
import { nodeIdOf, parseSshPublicKey } from "../../../protocol/trust/ssh-public-key.ts";
import { sshString } from "../../../protocol/trust/ssh-wire.ts";
import { deriveTunnelKeys } from "../../../protocol/trust/tunnel-keys.ts";
import { applyItems, itemsOf } from "../../../protocol/trust/view.ts";
import {
  admin,
  grantItem,
  keysItem,
  logItem,
  mallory,
  now,
  openedView,
  party,
  sign,
  tokenGrant,
  tokenOf,
} from "./mesh.ts";

const start = openedView();
const gateways = ["alpha", "beta"].map(party);
const via = gateways.map(({ signer }) => nodeIdOf(signer.publicKey));
const wraps = ["aa".repeat(80), "bb".repeat(80)];
const ip = (last: number) => `100.64.0.${last}` as never;

/** A client with a key made from its name. */
function client(name: string) {
  const secret = Uint8Array.from(createHash("sha256").update(`client ${name}`).digest());
  const tunnelKey = x25519.getPublicKey(secret);
  const key = clientSshKey(tunnelKey)!;
  return { name, tunnelKey, key, nid: nodeIdOf(key) };
}

function clientGrant(
  { name, key, nid }: ReturnType<typeof client>,
  change: Partial<Grant> = {},
  by = admin,
): SignedItem {
  const own = { nid, sshPub: key.line, name, origin: "add-node", via, wraps, ip4: ip(9) } as const;
  return grantItem(start, party("nobody"), { ...own, ...change }, by);
}

const phone = client("phone");
const members = gateways.flatMap((who, index) => [grantItem(start, who, { ip4: ip(index + 1) }), keysItem(start, who)]);
const named = (view: MeshView, name: string) => [...view.members.values()].find((member) => member.name === name);
const apply = (...items: readonly SignedItem[]) => applyItems(start, [...members, ...items], now).view;

describe("a client", () => {
  it("is a member by its grant alone, with the key, the addresses and the secrets that follow from it", () => {
    const found = named(apply(clientGrant(phone)), "phone");
    expect(found).toMatchObject({ nid: phone.nid, ip4: ip(9), via, keys: undefined });
    expect(found?.ip6).toBe(nodeIp6(start.meshId, phone.key.blob));
    expect(found?.client?.x25519).toEqual(phone.tunnelKey);
    expect([...(found?.client?.wraps ?? [])]).toEqual(via.map((gateway, index) => [gateway, wraps[index]]));
  });

  it("ends up the same in whatever order and company the items come, and again from what is kept", () => {
    const revoked = client("old");
    const log = logItem(start, { type: "node.revoke", nid: revoked.nid, seq: 1 });
    const all = [
      ...members,
      log,
      clientGrant(phone),
      clientGrant(phone, { seq: 2, groups: ["people"] }),
      clientGrant(revoked, { ip4: ip(8) }),
    ];
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.constantFrom(...all), { maxLength: 4 })),
        fc.shuffledSubarray(all, { minLength: all.length }),
        (lists, rest) => {
          let view = start;
          for (const list of [...lists, rest]) view = applyItems(view, list, now).view;
          expect(view.frozen).toBeUndefined();
          expect(named(view, "phone")).toMatchObject({
            groups: ["people"],
            grantSeq: 2,
            client: { x25519: phone.tunnelKey },
          });
          expect(view.members.size).toBe(3);
          const again = applyItems(start, itemsOf(view), now).view;
          expect(named(again, "phone")).toEqual(named(view, "phone"));
        },
      ),
      { numRuns: 25 },
    );
  });

  it("ends with its revocation and its expiry, and comes back by a higher grant", () => {
    const revocation = logItem(start, { type: "node.revoke", nid: phone.nid, seq: 1 });
    expect(named(apply(clientGrant(phone), revocation), "phone")).toBeUndefined();
    expect(named(apply(revocation, clientGrant(phone)), "phone")).toBeUndefined();
    expect(named(apply(clientGrant(phone), revocation, clientGrant(phone, { seq: 2 })), "phone")).toBeDefined();
    const view = apply(clientGrant(phone, { exp: now + 60 }));
    expect(named(view, "phone")).toBeDefined();
    expect(named(applyItems(view, [], now + 60).view, "phone")).toBeUndefined();
  });

  it("is signed in by admins alone", async () => {
    expect(named(apply(clientGrant(phone, {}, mallory)), "phone")).toBeUndefined();
    const token = tokenOf(start, "one");
    const view = apply(logItem(start, token.entry));
    const { body } = clientGrant(phone, { origin: "token", groups: token.entry.groups });
    const by = await tokenGrant(view, token, party("nobody"), JSON.parse(body) as Grant);
    const { verdicts } = applyItems(view, [by], now);
    expect(verdicts[0]?.accepted).toBe(false);
  });
});

describe("one tunnel key", () => {
  it("is one client: a second grant of it is the same member's", () => {
    const view = apply(clientGrant(phone), clientGrant(phone, { name: "tablet", seq: 2 }));
    expect([...view.members.values()].filter(({ client: found }) => found !== undefined)).toHaveLength(1);
    expect(named(view, "tablet")?.nid).toBe(phone.nid);
  });

  it("stays with the node whose SSH key maps to it, whoever came first", () => {
    // A node whose point has the other sign: the client's node id is another, the tunnel key the same.
    const names = Array.from({ length: 64 }, (_, index) => `node${index}`);
    const node = names.map(party).find(({ signer }) => (signer.publicKey.blob.at(-1)! & 0x80) !== 0)!;
    const key = clientSshKey(deriveTunnelKeys(node.seed).x25519.publicKey)!;
    const thief = clientGrant({ ...phone, key, nid: nodeIdOf(key) });
    const own = [grantItem(start, node, { ip4: ip(5) }), keysItem(start, node)];
    for (const order of [
      [thief, ...own],
      [...own, thief],
    ]) {
      let view = start;
      for (const item of order) view = applyItems(view, [item], now).view;
      expect(named(view, "phone")?.client).toBeUndefined();
      expect(named(view, node.name)?.keys).toBeDefined();
    }
  });

  it("is not taken from a client by a node that signs keys with it", () => {
    const hex = Buffer.from(phone.tunnelKey).toString("hex");
    const thief = keysItem(start, gateways[1]!, { x25519: hex, seq: 2 });
    for (const items of [
      [clientGrant(phone), thief],
      [thief, clientGrant(phone)],
    ]) {
      const view = apply(...items);
      expect(named(view, "phone")?.client?.x25519).toEqual(phone.tunnelKey);
      expect(named(view, "beta")?.keys).toBeUndefined();
    }
  });
});

describe("a name or an address of another", () => {
  it("stays with who was seen first, and the client is a member without it", () => {
    const taken = apply(clientGrant(phone, { ip4: ip(1) }));
    expect(named(taken, "alpha")?.ip4).toBe(ip(1));
    expect(taken.members.get(phone.nid)).toMatchObject({ ip4: undefined, client: { x25519: phone.tunnelKey } });
    const same = apply(clientGrant({ ...phone, name: "beta" }));
    expect(same.members.get(phone.nid)?.name).toBe(phone.nid.slice(0, 32));
  });
});

describe("keys that a client signs", () => {
  it("count for nothing, and take no control key of another", () => {
    // Nothing but its own choice of scalar keeps a client from signing with the key of its grant: a node's key stands for it here.
    const signer = party("signer");
    const nid = nodeIdOf(signer.signer.publicKey);
    const grant = grantItem(start, signer, { via: [via[0]!], ip4: ip(9) });
    const stolen = Buffer.from(deriveTunnelKeys(gateways[1]!.seed).ctl.publicKey).toString("hex");
    const view = applyItems(start, [grant, keysItem(start, signer, { ctl: stolen }), ...members], now).view;
    expect(view.members.get(nid)).toMatchObject({ keys: undefined, client: undefined });
    expect(named(view, "beta")?.keys).toBeDefined();
  });
});

describe("the body of a client's grant", () => {
  const body = JSON.parse(clientGrant(phone).body) as Record<string, unknown>;
  const refused = (change: Record<string, unknown>) => decodeItem(canonicalJson({ ...body, ...change }));

  it("has one secret per gateway, each gateway once, and the one form of its key", () => {
    expect(decodeItem(canonicalJson(body)).ok).toBe(true);
    const bad = { ok: false, reason: "bad-field" };
    expect(refused({ wraps: wraps.slice(1) })).toEqual(bad);
    expect(refused({ via: [via[0], via[0]] })).toEqual(bad);
    expect(refused({ wraps: [wraps[0], "cc"] })).toEqual(bad);
    const { via: _, ...without } = body;
    expect(decodeItem(canonicalJson(without))).toEqual(bad);
    const point = Uint8Array.from(phone.key.blob.subarray(-32));
    point[31]! |= 0x80;
    const other = parseSshPublicKey(Buffer.concat([sshString("ssh-ed25519"), sshString(point)]));
    expect(refused({ sshPub: other.line, nid: nodeIdOf(other) })).toEqual(bad);
  });

  it("is a field that releases before clients refuse without stopping", () => {
    // What such a release does with a field that it does not know, and this one with one that a later release may add.
    const later = sign(canonicalJson({ ...body, later: 1 }), [admin], "lock@tunnelmesh");
    const { view, verdicts } = applyItems(apply(), [later], now);
    expect(verdicts[0]).toMatchObject({ accepted: false, reason: "bad-field" });
    expect(view.frozen).toBeUndefined();
    expect(view.members.size).toBe(2);
  });
});
