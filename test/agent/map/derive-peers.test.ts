// Who becomes a peer, under which addresses and secrets.
import { describe, expect, it } from "vitest";
import { type PeerSources, peerDeriver } from "../../../agent/map/derive-peers.ts";
import type { NetworkSecret } from "../../../protocol/host/configuration.ts";
import { pairSecret, tunnelPsk } from "../../../protocol/trust/network-secret.ts";
import { nodeIdOf } from "../../../protocol/trust/ssh-public-key.ts";
import { deriveTunnelKeys } from "../../../protocol/trust/tunnel-keys.ts";
import { applyItems } from "../../../protocol/trust/view.ts";
import { grantItem, keysItem, now, openedView, type Party, party } from "../../protocol/trust/mesh.ts";

const derivePeers = (sources: PeerSources) => peerDeriver()(sources);
const [alpha, beta, gamma] = [party("alpha"), party("beta"), party("gamma")];
const opened = openedView();
const nid = (who: Party) => nodeIdOf(who.signer.publicKey);
const own = { nid: nid(alpha), x25519: deriveTunnelKeys(alpha.seed).x25519.publicKey };
const betaKey = deriveTunnelKeys(beta.seed).x25519.publicKey;
const secretOf = (...gens: number[]): NetworkSecret => ({
  v: 1,
  mesh: opened.meshId,
  generations: gens.map((gen) => ({ gen, secret: gen.toString(16).padStart(2, "0").repeat(32) })),
});
const viewWith = (generation: number) =>
  applyItems(
    opened,
    [
      grantItem(opened, alpha),
      grantItem(opened, beta, { ip4: "100.64.0.2" as never, groups: ["web"], routes: ["10.9.0.0/16"] }),
      grantItem(opened, gamma, { ip4: "100.64.0.3" as never }),
      keysItem(opened, alpha, { gen: 2 }),
      keysItem(opened, beta, { gen: generation }),
    ],
    now,
  ).view;

function pskOf(gen: number) {
  const secret = Buffer.from(secretOf(gen).generations[0]!.secret, "hex");
  const pair = pairSecret(secret, opened.meshId, gen, own.x25519, betaKey);
  return { controlPsk: pair, tunnelPsk: tunnelPsk(pair, opened.meshId, gen, own.x25519, betaKey) };
}

describe("peers", () => {
  it("are the members with keys, without this node, with the hints that there are", () => {
    const endpoints = [{ kind: "local" as const, address: "198.18.0.2", port: 51820 }];
    const peers = derivePeers({
      view: viewWith(1),
      own,
      secret: secretOf(1),
      hint: (who) => (who === nid(beta) ? { online: true, endpoints } : undefined),
    });
    expect(peers).toHaveLength(1);
    expect(peers[0]).toMatchObject({
      nid: nid(beta),
      name: "beta",
      ip4: "100.64.0.2",
      groups: ["web"],
      routes: ["10.9.0.0/16"],
      online: true,
      endpoints,
      ...pskOf(1),
    });
  });

  it.each([
    { held: [1, 2], theirs: 1, used: 1 },
    { held: [1, 2], theirs: 2, used: 2 },
    { held: [1, 2], theirs: 3, used: 2 },
    { held: [2], theirs: 1, used: undefined },
    { held: [1], theirs: 0, used: undefined },
  ])("use the newest generation that both hold: $held and $theirs", ({ held, theirs, used }) => {
    const [peer] = derivePeers({ view: viewWith(theirs), own, secret: secretOf(...held), hint: () => undefined });
    if (used === undefined) expect(peer).toBeUndefined();
    else expect(peer).toMatchObject(pskOf(used));
  });

  it("keep the secrets of a pair while its keys and generation stay", () => {
    const derive = peerDeriver();
    const give = (generation: number, ...gens: number[]) =>
      derive({ view: viewWith(generation), own, secret: secretOf(...gens), hint: () => undefined })[0];
    const first = give(1, 1);
    expect(give(1, 1, 2)?.tunnelPsk).toBe(first?.tunnelPsk);
    expect(give(2, 1, 2)).toMatchObject(pskOf(2));
    expect(give(1, 1)).toMatchObject(pskOf(1));
  });

  it("are none without the network secret", () => {
    expect(derivePeers({ view: viewWith(1), own, secret: undefined, hint: () => undefined })).toEqual([]);
  });
});
