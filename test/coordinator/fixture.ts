// A coordinator with a few members for one test file, and clients that are closed after each test.
import { afterAll, afterEach, beforeAll, beforeEach } from "vitest";
import type { Ipv4Address, NodeId } from "../../protocol/brand.ts";
import type { SignedItem } from "../../protocol/trust/item.ts";
import type { MeshView } from "../../protocol/trust/member.ts";
import { nodeIdOf } from "../../protocol/trust/ssh-public-key.ts";
import { genesisItem, grantItem, keysItem, openedView, type Party, party } from "../protocol/trust/mesh.ts";
import { Client } from "./client.ts";
import { CoordinatorProcess } from "./process.ts";

export interface Someone {
  readonly who: Party;
  readonly nid: NodeId;
  readonly grant: SignedItem;
  readonly keys: SignedItem;
}

export const genesis: SignedItem = genesisItem();
export const view: MeshView = openedView(genesis);

export function someone(name: string, ip4: string): Someone {
  const who = party(name);
  const grant = grantItem(view, who, { ip4: ip4 as Ipv4Address });
  return { who, nid: nodeIdOf(who.signer.publicKey), grant, keys: keysItem(view, who) };
}

export const alice: Someone = someone("alice", "100.64.0.1");
export const bob: Someone = someone("bob", "100.64.0.2");
export const carol: Someone = someone("carol", "100.64.0.3");

/** The coordinator of the running test; clients made by `client` end with it. */
export interface Fixture {
  readonly coordinator: CoordinatorProcess;
  client(of: Someone): Client;
  /** A client that is a member already, past its welcome, map and presence. */
  member(of: Someone): Promise<Client>;
}

/** Starts a coordinator with `items` before each test, or once before all of them with `scope` "file". */
export function useCoordinator(
  items: readonly SignedItem[],
  scope: "test" | "file" = "test",
  more: readonly string[] = [],
): Fixture {
  let coordinator: CoordinatorProcess | undefined;
  const clients: Client[] = [];
  const start = async (): Promise<void> => {
    coordinator = new CoordinatorProcess(view, items, more);
    await coordinator.start();
  };
  const remove = async (): Promise<void> => coordinator?.remove();
  if (scope === "test") beforeEach(start);
  else beforeAll(start);
  afterEach(() => {
    for (const client of clients.splice(0)) client.close();
  });
  if (scope === "test") afterEach(remove);
  else afterAll(remove);
  const fixture: Fixture = {
    get coordinator(): CoordinatorProcess {
      if (coordinator === undefined) throw new Error("the coordinator is not started yet");
      return coordinator;
    },
    client(of) {
      const client = new Client(of.who, view);
      clients.push(client);
      return client;
    },
    async member(of) {
      const client = fixture.client(of);
      await client.join(fixture.coordinator);
      if ((await fixture.coordinator.status()).connected.includes(client.nid)) await client.delta();
      else {
        await client.submit(of.keys);
        await client.next("welcome");
        await client.delta();
      }
      await client.next("presence");
      return client;
    },
  };
  return fixture;
}
