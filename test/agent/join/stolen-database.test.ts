// Everything in a stolen coordinator's database and key file joins nobody: each thing an attacker can build is refused by agents' views.
import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, it } from "vitest";
import { MapStore } from "../../../agent/map/map-store.ts";
import { signatureNamespaces } from "../../../protocol/constants.ts";
import { hostPaths } from "../../../protocol/host/paths.ts";
import { decodeItem } from "../../../protocol/trust/body.ts";
import { canonicalJson } from "../../../protocol/trust/fields.ts";
import type { SignedItem } from "../../../protocol/trust/item.ts";
import { nodeIdOf } from "../../../protocol/trust/ssh-public-key.ts";
import { tokenKeys } from "../../../protocol/trust/token-keys.ts";
import { itemsOf } from "../../../protocol/trust/view.ts";
import { unwrapNetworkSecret } from "../../../protocol/trust/wrapped-secret.ts";
import { grantItem, keysItem, logItem, mallory, sign } from "../../protocol/trust/mesh.ts";
import { secret, unixNow, useJoiningMesh } from "./joining.ts";

const mesh = useJoiningMesh();

/** Every text and every 32 bytes that stand in the database. */
function loot(file: string): { readonly texts: readonly string[]; readonly seeds: readonly Uint8Array[] } {
  const database = new DatabaseSync(file, { readOnly: true });
  const tables = database.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all();
  const texts = tables
    .flatMap(({ name }) => database.prepare(`SELECT * FROM ${String(name)}`).all())
    .flatMap((row) => Object.values(row).map(String));
  database.close();
  const words = texts.flatMap((text) => text.match(/[0-9a-f]{64,}/g) ?? []);
  const seeds = words.flatMap((word) =>
    Array.from({ length: Math.floor(word.length / 64) }, (_, at) =>
      Uint8Array.from(Buffer.from(word.slice(at * 64, at * 64 + 64), "hex")),
    ),
  );
  return { texts, seeds };
}

it("joins nobody", async () => {
  const token = await mesh.token("stolen", { uses: 5 });
  const joined = await mesh.join(mesh.host("honest"), token.text, "--name", "honest");
  expect(joined.status, joined.stderr).toBe(0);
  const { items } = await mesh.coordinator.ask<{ items: SignedItem[] }>({ method: "items" });
  const channelKey = Uint8Array.from(Buffer.from(await mesh.coordinator.channelKey(), "hex"));
  await mesh.coordinator.stop();
  const { texts, seeds } = loot(
    path.join(mesh.coordinator.place(hostPaths(mesh.view.name).coordinatorState), "coordinator.db"),
  );
  const everything = texts.join("\n");
  const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
  expect(everything).toContain(token.entry.pub);
  for (const hidden of [
    hex(token.token.seed),
    secret,
    token.text,
    hex(tokenKeys(token.token.seed, mesh.view.meshId).wrap.privateKey),
  ]) {
    expect(everything).not.toContain(hidden);
  }

  // Every 32 bytes that were found, as a seed of token keys and as a key that opens the network secret.
  const keys = [...seeds, channelKey, randomBytes(32)];
  const forged: SignedItem[] = [];
  const { view } = mesh;
  const body = { name: "mallory", ip4: "100.64.9.9" as never, groups: [], origin: "token" as const };
  const { body: grant } = grantItem(view, mallory, { ...body, by: nodeIdOf(token.party.signer.publicKey) });
  for (const seed of keys) {
    const { signer, wrap } = tokenKeys(seed, view.meshId);
    for (const key of [wrap.privateKey, seed]) {
      expect(await unwrapNetworkSecret(key as never, view.meshId, token.entry.wraps[0]!)).toBeUndefined();
    }
    const own = grantItem(view, mallory, { ...body, by: nodeIdOf(signer.publicKey) }).body;
    for (const text of [grant, own])
      forged.push({ body: text, sigs: [await signer.sign(signatureNamespaces.token, text)] });
    const add = {
      ...token.entry,
      pub: hex(signer.publicKey.blob.subarray(-32)),
      tid: tokenKeys(seed, view.meshId).tid,
    };
    forged.push(sign(logItem(view, add).body, [mallory], signatureNamespaces.lock));
  }
  // Every signature that was found, over what the attacker would like it to cover, and honest items with other contents.
  const honest = items.flatMap(({ sigs }) => sigs);
  for (const sig of honest) forged.push({ body: grant, sigs: [sig] });
  for (const item of items) {
    const decoded = decodeItem(item.body);
    if (decoded.ok && decoded.item.kind === "grant") {
      const { nid, sshPub } = JSON.parse(grant) as { nid: string; sshPub: string };
      forged.push({ body: canonicalJson({ ...decoded.item.value, nid, sshPub }), sigs: item.sigs });
      forged.push({ body: canonicalJson({ ...decoded.item.value, groups: ["admin"], seq: 9 }), sigs: item.sigs });
    }
    if (decoded.ok && decoded.item.kind === "log") {
      forged.push({
        body: canonicalJson({ ...decoded.item.value, seq: view.head.seq + 1, prev: view.head.hash }),
        sigs: item.sigs,
      });
    }
  }
  forged.push(sign(grant, [mallory], signatureNamespaces.lock), sign(grant, [mallory], signatureNamespaces.token));
  forged.push(keysItem(view, mallory));

  const host = mesh.host("victim");
  const file = (name: string): string => path.join(host.root, name);
  const files = { map: file("map.jsonl"), head: file("head.json"), meshFile: file("mesh.jsonl") };
  const map = await MapStore.open(files, view.meshId, unixNow(), items);
  const before = itemsOf(map.view);
  for (const item of forged) {
    const [verdict] = await map.apply([item], unixNow());
    const harmless = verdict?.known === true || verdict?.reason === "waiting-for-grant";
    expect(verdict?.accepted === false || harmless, item.body).toBe(true);
  }
  expect(itemsOf(map.view)).toEqual(before);
  expect([...map.view.members.values()].map(({ name }) => name)).toEqual(["honest"]);
  expect(map.view.frozen).toBeUndefined();
  rmSync(host.root, { recursive: true, force: true });
});
