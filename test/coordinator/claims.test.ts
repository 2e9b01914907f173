// What strangers may make the coordinator verify: next to nothing.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Registry } from "../../coordinator/membership/registry.ts";
import { openSqliteStore } from "../../coordinator/store/sqlite.ts";
import type { Store } from "../../coordinator/store/store.ts";
import { nodeIdOf } from "../../protocol/trust/ssh-public-key.ts";
import { genesisItem, grantItem, keysItem, mallory, now, openedView, party, sign } from "../protocol/trust/mesh.ts";

const view = openedView();
const alpha = party("alpha");

let folder: string;
let store: Store;
let registry: Registry;
beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), `tm-claims-${process.pid}-`));
  store = openSqliteStore(path.join(folder, "coordinator.db"));
  registry = await Registry.open({ store, meshId: view.meshId, installed: [genesisItem()], now: () => now });
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Anybody may send; the rule is that of a guest. */
const anybody = (): undefined => undefined;

describe("items of strangers", () => {
  it("are refused by the signers they name, before a signature is verified", async () => {
    const { body } = grantItem(view, alpha);
    const parties = Array.from({ length: 16 }, (_, index) => party(`stranger${index}`));
    const broken = { body, sigs: sign(`${body} `, parties, "lock@tunnelmesh").sigs };
    const asNode = sign(body, [mallory], "node@tunnelmesh");
    const verdicts = await registry.submit([broken, asNode, keysItem(view, alpha, {}, mallory)], anybody);
    // A broken signature of a key that may not sign was not verified, or it would be "bad-signature".
    expect(verdicts.map(({ reason }) => reason)).toEqual(["foreign-signer", "foreign-signer", "foreign-signer"]);
  });

  it("hold when the right ones signed them", async () => {
    const verdicts = await registry.submit([keysItem(view, alpha), grantItem(view, alpha)], anybody);
    expect(verdicts.map(({ accepted }) => accepted)).toEqual([true, true]);
    expect(registry.view.members.get(nodeIdOf(alpha.signer.publicKey))?.keys?.seq).toBe(1);
  });
});
