// Stock clients of a view: as peers of their gateways alone, with a secret that only those open.
import { x25519 } from "@noble/curves/ed25519.js";
import { describe, expect, it } from "vitest";
import { ClientSecrets } from "../../../agent/map/client-secrets.ts";
import { deriveClientPeers, deriveClients } from "../../../agent/map/derive-clients.ts";
import { peerDeriver } from "../../../agent/map/derive-peers.ts";
import { clientSshKey } from "../../../protocol/trust/client-key.ts";
import { clientPsk, sealClientSecret } from "../../../protocol/trust/client-secret.ts";
import { nodeIdOf } from "../../../protocol/trust/ssh-public-key.ts";
import { deriveTunnelKeys } from "../../../protocol/trust/tunnel-keys.ts";
import { applyItems } from "../../../protocol/trust/view.ts";
import { grantItem, keysItem, logItem, now, openedView, type Party, party } from "../../protocol/trust/mesh.ts";

const [alpha, beta] = [party("alpha"), party("beta")];
const opened = openedView();
const keysOf = (who: Party) => deriveTunnelKeys(who.seed);
const own = (who: Party) => ({ nid: nodeIdOf(who.signer.publicKey), x25519: keysOf(who).x25519.publicKey });
const tunnelKey = x25519.getPublicKey(new Uint8Array(32).fill(3)) as never;
const key = clientSshKey(tunnelKey)!;
const nid = nodeIdOf(key);
const secret = new Uint8Array(32).fill(8);

const viewWith = async (change: { readonly sealedTo?: Party } = {}) => {
  const sealed = await sealClientSecret(keysOf(change.sealedTo ?? alpha).ctl.publicKey, opened.meshId, nid, secret);
  const grant = {
    nid,
    sshPub: key.line,
    name: "phone",
    ip4: "100.64.0.9" as never,
    origin: "add-node",
    groups: ["people"],
  } as const;
  return applyItems(
    opened,
    [
      grantItem(opened, alpha),
      grantItem(opened, beta, { ip4: "100.64.0.2" as never }),
      keysItem(opened, alpha),
      keysItem(opened, beta),
      grantItem(opened, party("nobody"), { ...grant, via: [own(alpha).nid], wraps: [sealed] }),
    ],
    now,
  ).view;
};
const secretsOf = (who: Party) => new ClientSecrets({ nid: own(who).nid, ctl: keysOf(who).ctl.privateKey });

describe("a client", () => {
  it("is a peer of its gateway, without control keys, and of nobody else", async () => {
    const view = await viewWith();
    for (const who of [alpha, beta]) {
      const secrets = secretsOf(who);
      expect(await secrets.follow(view)).toEqual([]);
      const peers = deriveClientPeers({ view, own: own(who), secret: (client) => secrets.get(client) });
      if (who === beta) {
        expect(peers).toEqual([]);
        continue;
      }
      const tunnelPsk = clientPsk(secret, view.meshId, tunnelKey, own(alpha).x25519);
      expect(peers).toHaveLength(1);
      expect(peers[0]).toMatchObject({
        nid,
        name: "phone",
        groups: ["people"],
        ip4: "100.64.0.9",
        routes: [],
        tunnelPsk,
      });
      expect([peers[0]?.ctl, peers[0]?.controlPsk, peers[0]?.online]).toEqual([undefined, undefined, false]);
    }
    const network = { v: 1, mesh: view.meshId, generations: [{ gen: 1, secret: "01".repeat(32) }] } as const;
    const agents = peerDeriver()({
      view,
      own: own(alpha),
      secret: { ...network, generations: [...network.generations] },
      hint: () => undefined,
    });
    expect(agents.map(({ name }) => name)).toEqual(["beta"]);
  });

  it("keeps its pre-shared key when the network secret is rotated, which gives agents another", async () => {
    const view = await viewWith();
    const rotated = applyItems(view, [keysItem(view, beta, { gen: 2, seq: 2 })], now).view;
    const secrets = secretsOf(alpha);
    await secrets.follow(rotated);
    const generations = [1, 2].map((gen) => ({ gen, secret: `0${gen}`.repeat(32) }));
    const keysIn = (held: typeof generations, of: typeof view) => {
      const network = { v: 1, mesh: of.meshId, generations: held } as const;
      const agents = peerDeriver()({ view: of, own: own(alpha), secret: network, hint: () => undefined });
      const clients = deriveClientPeers({ view: of, own: own(alpha), secret: (client) => secrets.get(client) });
      return [agents[0]?.tunnelPsk, clients[0]?.tunnelPsk];
    };
    const [agentBefore, clientBefore] = keysIn(generations.slice(0, 1), view);
    const [agentAfter, clientAfter] = keysIn(generations, rotated);
    expect(agentAfter).not.toEqual(agentBefore);
    expect(clientAfter).toEqual(clientBefore);
    expect(clientAfter).toHaveLength(32);
  });

  it("is reached through its gateways, as everybody knows", async () => {
    const view = await viewWith();
    const ip6 = view.members.get(nid)?.ip6 ?? "";
    expect(deriveClients(view)).toEqual([{ nid, addresses: ["100.64.0.9", ip6], via: [own(alpha).nid] }]);
    const revoked = applyItems(view, [logItem(view, { type: "node.revoke", nid, seq: 1 })], now).view;
    expect(deriveClients(revoked)).toEqual([]);
  });

  it("whose secret was sealed to another key is named, and is no peer", async () => {
    const view = await viewWith({ sealedTo: beta });
    const secrets = secretsOf(alpha);
    expect(await secrets.follow(view)).toEqual(["phone"]);
    expect(deriveClientPeers({ view, own: own(alpha), secret: (client) => secrets.get(client) })).toEqual([]);
  });

  it("leaves no secret behind when it is a member no more", async () => {
    const view = await viewWith();
    const secrets = secretsOf(alpha);
    await secrets.follow(view);
    const held = secrets.get(nid)!;
    expect(held).toEqual(secret);
    await secrets.follow(view);
    expect(secrets.get(nid)).toBe(held);
    const revoked = applyItems(view, [logItem(view, { type: "node.revoke", nid, seq: 1 })], now).view;
    await secrets.follow(revoked);
    expect(secrets.get(nid)).toBeUndefined();
    expect(held.every((byte) => byte === 0)).toBe(true);
  });
});
