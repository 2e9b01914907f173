// Secrets of a handshake are zero as soon as nothing needs them: answered, sent anew, given up, or the peer gone.
import { describe, expect, it } from "vitest";
import { eraseReplaced } from "../../../agent/session/erase.ts";
import { consumeInitiation } from "../../../protocol/wireguard/handshake.ts";
import { Pair, type Side } from "./pair.ts";

/** What must be zero later: chaining key, cipher key and ephemeral of the initiation in flight. */
function secretsOf({ state: { handshake } }: Side): readonly Uint8Array[] {
  if (handshake.kind !== "initiated") throw new Error("no initiation is in flight");
  const { symmetric, ephemeral } = handshake.pending.state;
  return [symmetric.chainingKey, symmetric.key ?? new Uint8Array(0), ephemeral?.privateKey ?? new Uint8Array(0)];
}

const areZero = (secrets: readonly Uint8Array[]): boolean[] =>
  secrets.map((secret) => secret.length === 32 && secret.every((byte) => byte === 0));

function started(): { readonly pair: Pair; readonly secrets: readonly Uint8Array[] } {
  const pair = new Pair();
  pair.left.send(0);
  const secrets = secretsOf(pair.left);
  expect(areZero(secrets)).toEqual([false, false, false]);
  return { pair, secrets };
}

describe("an initiation's secrets are erased", () => {
  it("when it is answered, and keys come of it all the same", () => {
    const { pair, secrets } = started();
    pair.settle();
    expect(areZero(secrets)).toEqual([true, true, true]);
    expect(pair.received).toBe(1);
  });

  it("when another one takes its place, whose own are kept", () => {
    const { pair, secrets } = started();
    pair.passes = () => false;
    pair.advance(6_000);
    expect(areZero(secrets)).toEqual([true, true, true]);
    expect(areZero(secretsOf(pair.left))).toEqual([false, false, false]);
  });

  it("when it is given up after ninety seconds", () => {
    const { pair } = started();
    pair.passes = () => false;
    let last = secretsOf(pair.left);
    pair.advance(200_000, () => {
      if (pair.left.state.handshake.kind === "initiated") last = secretsOf(pair.left);
    });
    expect(pair.left.count("gaveUp")).toBe(1);
    expect(areZero(last)).toEqual([true, true, true]);
  });

  it("when its peer goes", () => {
    const { pair, secrets } = started();
    eraseReplaced(pair.left.state, undefined);
    expect(areZero(secrets)).toEqual([true, true, true]);
  });
});

describe("the responder", () => {
  it("keeps nothing of an initiation that it answered", () => {
    const { pair } = started();
    const [initiation] = pair.left.out;
    if (initiation?.kind !== "initiation") throw new Error("no initiation was sent");
    const { profile, local } = pair.right.peer;
    const consumed = consumeInitiation(profile, local, initiation.bytes);
    if (!consumed.ok) throw new Error(consumed.reason);
    const { symmetric } = consumed.received.state;
    pair.right.give({ kind: "initiation", received: consumed.received }, 0);
    expect(pair.right.count("sendResponse")).toBe(1);
    expect(areZero([symmetric.chainingKey, symmetric.key ?? new Uint8Array(0)])).toEqual([true, true]);
  });
});
