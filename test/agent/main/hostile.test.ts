// A coordinator that lies: it speaks the real channel with the real key, and everything it says is forged.
import { randomBytes } from "node:crypto";
import { afterEach, describe, expect, it } from "vitest";
import { type KeyPair, keyPairOf } from "../../../protocol/noise/primitives.ts";
import type { SignedItem } from "../../../protocol/trust/item.ts";
import type { MeshView } from "../../../protocol/trust/member.ts";
import { nodeIdOf } from "../../../protocol/trust/ssh-public-key.ts";
import { applyItems } from "../../../protocol/trust/view.ts";
import {
  genesisItem,
  grantItem,
  keysItem,
  logItem,
  mallory,
  openedView,
  type Party,
  party,
} from "../../protocol/trust/mesh.ts";
import { installHost, makeHost, startProcess, until } from "./host.ts";
import { type Liar, startLiar } from "./liar.ts";

const mesh = "demo-dev";
const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

async function liarFor(key: KeyPair, meshId: string): Promise<Liar> {
  const liar = await startLiar(key, meshId);
  cleanups.push(() => liar.close());
  return liar;
}

/** Everything that a coordinator could wish to change. */
function forgeries(view: MeshView, beta: Party, known: readonly SignedItem[]): Record<string, SignedItem> {
  const betaNid = nodeIdOf(beta.signer.publicKey);
  const granted = known[3]!;
  const ip4 = (text: string) => text as never;
  return {
    "a node of its own": grantItem(view, mallory, { ip4: ip4("100.64.0.66"), name: "mallory" }, mallory),
    "a node of its own, said to be by the admin": {
      body: grantItem(view, mallory, { ip4: ip4("100.64.0.66"), name: "mallory" }).body,
      sigs: granted.sigs,
    },
    "the keys of another": keysItem(view, beta, { seq: 2, x25519: "09".padEnd(64, "0") }, mallory),
    "its own keys under the node's signature": {
      body: keysItem(view, mallory, { nid: betaNid as never, seq: 2 }).body,
      sigs: keysItem(view, beta).sigs,
    },
    "another address": grantItem(view, beta, { ip4: ip4("100.64.0.77"), seq: 2 }, mallory),
    "another address in a signed body": {
      body: granted.body.replace("100.64.0.2", "100.64.0.77"),
      sigs: granted.sigs,
    },
    "another name": grantItem(view, beta, { name: "alpha", ip4: ip4("100.64.0.2"), seq: 2 }, mallory),
    "a revocation": logItem(view, { type: "node.revoke", nid: betaNid, seq: 9 }, [mallory]),
    "another coordinator": logItem(view, { type: "coord.set", key: "22".repeat(32), urls: ["ws://127.0.0.1:1"] }, [
      mallory,
    ]),
    "another genesis": genesisItem({ admins: [mallory.signer.publicKey.line] }, [mallory]),
  };
}

describe("a hostile coordinator", () => {
  it("is believed in nothing, and the forgery is seen in status", async () => {
    const alpha = makeHost("alpha");
    cleanups.push(() => alpha.remove());
    const beta = party("beta");
    const key = keyPairOf(Buffer.alloc(32, 9));
    const opened = openedView();
    const liar = await liarFor(key, opened.meshId);
    const publicKey = Buffer.from(key.publicKey).toString("hex");
    const items = [
      genesisItem(),
      logItem(opened, { type: "coord.set", key: publicKey, urls: [liar.url] }),
      grantItem(opened, alpha.party, { ip4: "100.64.0.1" as never }),
      grantItem(opened, beta, { ip4: "100.64.0.2" as never }),
    ];
    const view = applyItems(opened, items, 1).view;
    installHost(alpha, mesh, opened.meshId, items, "ef".repeat(32));
    const agent = startProcess(alpha, mesh);
    cleanups.push(() => agent.stop("SIGKILL"));
    await until(
      async () => liar.heard,
      (heard) => heard.some(({ kind }) => kind === "hello"),
    );
    liar.send("welcome", { v: 1, member: true, observed: "127.0.0.1", store: "lies", mapVersion: 9 });
    liar.send("items", { items: [keysItem(view, beta)], mapVersion: 1, last: true });
    const honest = await until(agent.peers, ({ length }) => length === 1);
    const before = await agent.status();
    expect(before.alarms).toEqual([]);

    // Notices must neither crowd out the alarm about the forgery nor reach into the terminal of who reads them.
    for (let index = 0; index < 40; index += 1) {
      liar.send("notice", { code: `TM_LIE_${index}\u001b[2J`, message: "\u001b]0;owned\u0007\u009b31m" });
    }
    const lies = forgeries(view, beta, items);
    for (const item of Object.values(lies)) liar.send("items", { items: [item], mapVersion: 2, last: true });
    liar.send("items", { items: Object.values(lies), mapVersion: 3, last: true });
    const stranger = nodeIdOf(mallory.signer.publicKey);
    liar.send("presence", { replace: false, peers: [{ nid: stranger, online: true, endpoints: [] }] });
    liar.send("relayed", { nid: stranger, datagram: randomBytes(148) });
    const after = await until(agent.status, ({ alarms }) => alarms.some((alarm) => alarm.includes("nobody entitled")));
    expect(after.alarms.join("")).not.toMatch(/\p{Cc}/u);
    // A true hint behind the lies: once it is there, all of them have been looked at.
    liar.send("presence", { replace: true, peers: [{ nid: honest[0]!.nid, online: true, endpoints: [] }] });
    const peers = await until(agent.peers, ([peer]) => peer?.online === true);
    expect(peers).toEqual([{ ...honest[0], online: true }]);
    expect(after).toMatchObject({ state: "up", name: "alpha", ip4: "100.64.0.1", head: before.head });
    const held = (await agent.ask({ method: "items" })) as { items: SignedItem[] };
    for (const [name, item] of Object.entries(lies)) expect(held.items, name).not.toContainEqual(item);
    expect(held.items).toHaveLength(6);
  });

  it("that is another one altogether does not get past the handshake", async () => {
    const alpha = makeHost("alpha");
    cleanups.push(() => alpha.remove());
    const opened = openedView();
    const liar = await liarFor(keyPairOf(Buffer.alloc(32, 9)), opened.meshId);
    const publicKey = Buffer.from(keyPairOf(Buffer.alloc(32, 8)).publicKey).toString("hex");
    const items = [
      genesisItem(),
      logItem(opened, { type: "coord.set", key: publicKey, urls: [liar.url] }),
      grantItem(opened, alpha.party),
    ];
    installHost(alpha, mesh, opened.meshId, items, "ef".repeat(32));
    const agent = startProcess(alpha, mesh);
    cleanups.push(() => agent.stop("SIGKILL"));
    await until(agent.status, ({ coordinator }) => coordinator.error !== undefined);
    expect(liar.heard).toEqual([]);
    expect((await agent.status()).state).toBe("up");
  });
});
