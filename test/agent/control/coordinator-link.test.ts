// The link to a coordinator where what the map says cannot be used: it must not end the agent.
import { afterEach, describe, expect, it } from "vitest";
import { CoordinatorLink } from "../../../agent/control/coordinator-link.ts";
import { keyPairOf } from "../../../protocol/noise/primitives.ts";

const links: CoordinatorLink[] = [];

function linkTo(urls: readonly string[]): CoordinatorLink {
  const link = new CoordinatorLink({
    nid: "ab".repeat(32) as never,
    meshId: "cd".repeat(32) as never,
    ctl: keyPairOf(Buffer.alloc(32, 7)),
    release: "test",
    log: () => undefined,
    coordinator: () => ({ key: keyPairOf(Buffer.alloc(32, 8)).publicKey, urls }),
    head: () => ({ seq: 0, hash: "00".repeat(32) }),
    ownKeys: () => undefined,
    onItems: async () => undefined,
    onPresence: () => undefined,
    onRelayed: () => undefined,
    onRelayChanged: () => undefined,
    onNotice: () => undefined,
  });
  links.push(link);
  return link;
}

afterEach(() => {
  for (const link of links.splice(0)) link.stop();
});

describe("an address of the coordinator that is none", () => {
  it("is an error in status, and the next one is tried", () => {
    for (const url of ["ws://[", "ws://host/#part", "ws://host:99999"]) {
      const link = linkTo([url]);
      expect(() => link.start(), url).not.toThrow();
      expect(link.status).toMatchObject({ state: "connecting", url, error: expect.any(String) });
      expect(link.counters.failures).toBe(1);
    }
  });
});
