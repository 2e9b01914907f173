// Small parts of the control side: backoff, send queue, member state, peer lookup, command line.
import { availableParallelism } from "node:os";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseArguments } from "../../../agent/control/arguments.ts";
import { backoffDelay } from "../../../agent/control/backoff.ts";
import { memberState } from "../../../agent/control/member-state.ts";
import { resolvePeer } from "../../../agent/control/resolve-peer.ts";
import { controlQueueLimit, relayQueueLimit, SendQueue } from "../../../agent/control/send-queue.ts";
import { offloadNames } from "../../../agent/dataplane/native/offloads.ts";
import { defaultThreads } from "../../../agent/dataplane/native/threads.ts";
import { nodeIdOf } from "../../../protocol/trust/ssh-public-key.ts";
import { applyItems } from "../../../protocol/trust/view.ts";
import { grantItem, keysItem, logItem, now, openedView, party } from "../../protocol/trust/mesh.ts";

const [alpha, beta] = [party("alpha"), party("beta")];
const opened = openedView();
const nid = nodeIdOf(alpha.signer.publicKey);
const betaNid = nodeIdOf(beta.signer.publicKey);

describe("backoff", () => {
  it("grows from half a second to half a minute, with half of it left to chance", () => {
    expect([0, 1, 2, 3, 6, 7, 1000].map((failures) => backoffDelay(failures, 1))).toEqual([
      500, 1000, 2000, 4000, 30_000, 30_000, 30_000,
    ]);
    fc.assert(
      fc.property(fc.nat(50), fc.double({ min: 0, max: 1, noNaN: true }), (failures, random) => {
        const delay = backoffDelay(failures, random);
        expect(delay).toBeGreaterThanOrEqual(250);
        expect(delay).toBeLessThanOrEqual(30_000);
      }),
    );
  });
});

describe("send queue", () => {
  it("drops the oldest relayed datagrams, never a control message", () => {
    const queue = new SendQueue();
    for (let index = 0; index < relayQueueLimit + 3; index += 1) queue.pushRelay(Uint8Array.of(1, index & 0xff));
    expect(queue.pushControl(Uint8Array.of(2))).toBe(true);
    expect(queue.dropped).toBe(3);
    expect(queue.take()).toEqual(Uint8Array.of(2));
    expect(queue.take()).toEqual(Uint8Array.of(1, 3));
  });

  it("is full when the other side reads nothing", () => {
    const queue = new SendQueue();
    for (let index = 0; index < controlQueueLimit; index += 1) expect(queue.pushControl(Uint8Array.of(1))).toBe(true);
    expect(queue.pushControl(Uint8Array.of(1))).toBe(false);
  });
});

describe("member state", () => {
  const granted = applyItems(opened, [grantItem(opened, alpha, { exp: now + 10 })], now).view;
  it("follows grant, expiry, revocation and a map that went back", () => {
    expect(memberState(opened, nid, undefined)).toEqual({ kind: "waiting-for-grant" });
    expect(memberState(granted, nid, undefined)).toMatchObject({ kind: "up", name: "alpha", ip4: "100.64.0.1" });
    expect(memberState(granted, nid, "older")).toEqual({ kind: "refused", reason: "older" });
    expect(memberState(applyItems(granted, [], now + 10).view, nid, undefined).kind).toBe("waiting-for-grant");
    const revoked = applyItems(granted, [logItem(granted, { type: "node.revoke", nid, seq: 1 })], now).view;
    expect(memberState(revoked, nid, undefined).kind).toBe("refused");
    const readmitted = applyItems(revoked, [grantItem(opened, alpha, { seq: 2 })], now).view;
    expect(memberState(readmitted, nid, undefined).kind).toBe("up");
  });
});

describe("peer lookup", () => {
  const items = [
    grantItem(opened, alpha),
    grantItem(opened, beta, { ip4: "100.64.0.2" as never }),
    keysItem(opened, beta),
    keysItem(opened, alpha),
  ];
  const view = applyItems(opened, items, now).view;
  it("finds a peer by name, domain name, address and node id, and nobody else", () => {
    const ip6 = view.members.get(betaNid)!.ip6;
    for (const text of ["beta", "beta.mesh", "Beta.MESH", "100.64.0.2", ip6, betaNid]) {
      expect(resolvePeer(view, nid, text)).toBe(betaNid);
    }
    for (const text of ["alpha", "gamma", "", "100.64.0.1", "beta.other"]) {
      expect(() => resolvePeer(view, nid, text)).toThrow(expect.objectContaining({ code: "TM_AGENT_UNKNOWN_PEER" }));
    }
  });
});

describe("command line", () => {
  it("knows its subcommands and refuses the rest", () => {
    expect(parseArguments(["--mesh", "demo-dev"])).toEqual({
      command: "run",
      mesh: "demo-dev",
      root: "",
      tunnel: true,
      plane: { backend: "native", offloads: new Set(offloadNames), threads: defaultThreads(availableParallelism()) },
    });
    expect(parseArguments(["--mesh", "m", "--dataplane-offloads=-tso,-udp-gro"])).toMatchObject({
      plane: { offloads: new Set(offloadNames.filter((name) => name !== "tso" && name !== "udp-gro")) },
    });
    const environment = {
      ...{ TUNNELMESH_DATAPLANE: "portable", TUNNELMESH_DATAPLANE_OFFLOADS: "none" },
      TUNNELMESH_DATAPLANE_THREADS: "7",
    };
    expect(parseArguments(["--mesh", "m", "--dataplane-offloads", "tso"], environment)).toMatchObject({
      plane: { backend: "portable", offloads: new Set(["tso"]), threads: 7 },
    });
    expect(parseArguments(["--mesh", "m", "--dataplane-threads=3"], environment)).toMatchObject({
      plane: { threads: 3 },
    });
    expect(parseArguments(["repair", "--mesh", "m", "--root", "/x"])).toMatchObject({ command: "repair", root: "/x" });
    expect(parseArguments(["version"])).toEqual({ command: "version" });
    for (const bad of [
      [],
      ["run"],
      ["run", "--mesh", "../x"],
      ["sing", "--mesh", "m"],
      ["run", "--nope"],
      ["run", "x"],
      ["run", "--mesh", "m", "--dataplane", "fast"],
      ["run", "--mesh", "m", "--dataplane-offloads=tso,-uso"],
      ["run", "--mesh", "m", "--dataplane-offloads", "warp"],
      ["run", "--mesh", "m", "--dataplane-threads=99"],
    ]) {
      expect(() => parseArguments(bad)).toThrow(expect.objectContaining({ code: "TM_USAGE" }));
    }
  });
});
