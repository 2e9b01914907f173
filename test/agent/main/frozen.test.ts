// A log that an agent must not follow: an operation it does not know, and a fork. It keeps its peers and raises the alarm.
import { afterEach, describe, expect, it } from "vitest";
import { signatureNamespaces } from "../../../protocol/constants.ts";
import { keyPairOf } from "../../../protocol/noise/primitives.ts";
import { canonicalJson } from "../../../protocol/trust/fields.ts";
import type { SignedItem } from "../../../protocol/trust/item.ts";
import type { MeshView } from "../../../protocol/trust/member.ts";
import { nodeIdOf } from "../../../protocol/trust/ssh-public-key.ts";
import { applyItems } from "../../../protocol/trust/view.ts";
import {
  admin,
  genesisItem,
  grantItem,
  keysItem,
  logItem,
  now,
  openedView,
  party,
  sign,
} from "../../protocol/trust/mesh.ts";
import { installHost, makeHost, type RunningAgent, startProcess, until } from "./host.ts";
import { type Liar, startLiar } from "./liar.ts";

const mesh = "demo-dev";
const beta = party("beta");
const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

interface Scene {
  readonly view: MeshView;
  readonly liar: Liar;
  readonly agent: RunningAgent;
  restart(): RunningAgent;
}

/** An agent that knows beta and listens to a coordinator. */
async function scene(): Promise<Scene> {
  const alpha = makeHost("alpha");
  cleanups.push(() => alpha.remove());
  const key = keyPairOf(Buffer.alloc(32, 5));
  const opened = openedView();
  const liar = await startLiar(key, opened.meshId);
  cleanups.push(() => liar.close());
  const items = [
    genesisItem(),
    logItem(opened, { type: "coord.set", key: Buffer.from(key.publicKey).toString("hex"), urls: [liar.url] }),
    grantItem(opened, alpha.party, { ip4: "100.64.0.1" as never }),
    grantItem(opened, beta, { ip4: "100.64.0.2" as never }),
  ];
  installHost(alpha, mesh, opened.meshId, items, "ef".repeat(32));
  const start = (): RunningAgent => {
    const agent = startProcess(alpha, mesh);
    cleanups.push(() => agent.stop("SIGKILL"));
    return agent;
  };
  const agent = start();
  await until(
    async () => liar.heard,
    (heard) => heard.some(({ kind }) => kind === "hello"),
  );
  liar.send("welcome", { v: 1, member: true, observed: "127.0.0.1", store: "s", mapVersion: 1 });
  liar.send("items", { items: [keysItem(opened, beta)], mapVersion: 1, last: true });
  await until(agent.peers, ({ length }) => length === 1);
  return { view: applyItems(opened, items, now).view, liar, agent, restart: start };
}

function deliver(liar: Liar, ...items: readonly SignedItem[]): void {
  liar.send("items", { items: [...items], mapVersion: 2, last: true });
}

describe("an agent whose log it cannot follow", () => {
  it("stops at an operation of a later version, with its peers, also after a restart", async () => {
    const { view, liar, agent, restart } = await scene();
    const { seq, hash } = view.head;
    const op = { type: "moon.land", crew: 3 };
    const body = canonicalJson({ v: 1, mesh: view.meshId, seq: seq + 1, prev: hash, time: now, op });
    deliver(liar, sign(body, [admin], signatureNamespaces.lock));
    const frozen = await until(agent.status, ({ state }) => state === "frozen");
    expect(frozen.alarms.join()).toContain("moon.land");
    expect(frozen.head.seq).toBe(seq);
    deliver(liar, grantItem(view, party("gamma"), { ip4: "100.64.0.3" as never }), keysItem(view, party("gamma")));
    expect(await agent.peers()).toMatchObject([{ name: "beta" }]);
    await agent.stop();
    const again = restart();
    await until(again.status, ({ state }) => state === "frozen");
    expect(await until(again.peers, ({ length }) => length > 0)).toMatchObject([{ name: "beta" }]);
  });

  it("freezes at a fork and lets go of whom either branch revokes", async () => {
    const { view, liar, agent } = await scene();
    const stranger = nodeIdOf(admin.signer.publicKey);
    deliver(liar, logItem(view, { type: "node.revoke", nid: stranger, seq: 1 }));
    await until(agent.status, ({ head }) => head.seq === view.head.seq + 1);
    deliver(liar, logItem(view, { type: "node.revoke", nid: nodeIdOf(beta.signer.publicKey), seq: 1 }));
    const frozen = await until(agent.status, ({ state }) => state === "frozen");
    expect(frozen.alarms.join()).toContain("two different entries");
    expect(await until(agent.peers, ({ length }) => length === 0)).toEqual([]);
  });
});
