// The gate in front of sessions and paths: wrong forms and macs end there, floods too, and expected peers get through them.
import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { Gate } from "../../../agent/dataplane/gate.ts";
import type { Path } from "../../../agent/transport/path.ts";
import { type KeyPair, keyPairOf } from "../../../protocol/noise/primitives.ts";
import { consumeCookieReply } from "../../../protocol/wireguard/cookie.ts";
import { createInitiation } from "../../../protocol/wireguard/handshake.ts";
import { mac1Of } from "../../../protocol/wireguard/macs.ts";
import { controlProfile, type HandshakeProfile, tunnelProfile } from "../../../protocol/wireguard/profile.ts";

const own = { tunnel: keyPairOf(randomBytes(32)), control: keyPairOf(randomBytes(32)) };
const random = (length: number): Uint8Array => Uint8Array.from(randomBytes(length));
const from = (host: number): Path => ({ kind: "direct", address: `203.0.113.${host % 250}`, port: 1_024 + host });

function initiation(profile: HandshakeProfile, local: KeyPair = keyPairOf(randomBytes(32)), cookie?: Uint8Array) {
  const created = createInitiation(profile, {
    local,
    remoteStatic: own[profile.name].publicKey,
    ephemeral: randomBytes(32),
    timestamp: new Uint8Array(12),
    senderIndex: 5,
    cookie,
  });
  if (!created.ok) throw new Error(created.reason);
  return created.message;
}

function makeGate() {
  const counts: Record<string, number> = {};
  const answers: { datagram: Uint8Array; path: Path }[] = [];
  const gate = new Gate(
    { tunnel: own.tunnel.publicKey, control: own.control.publicKey },
    random,
    (datagram, path) => answers.push({ datagram, path }),
    (name) => {
      counts[name] = (counts[name] ?? 0) + 1;
    },
  );
  return { gate, counts, answers };
}

describe("the gate", () => {
  it("drops what is no message, and asks nobody where it came from", () => {
    const { gate, counts } = makeGate();
    const unasked = (): Path => {
      throw new Error("asked");
    };
    const wrongMac = initiation(tunnelProfile);
    wrongMac[120]! ^= 1;
    for (const bytes of [new Uint8Array(0), new Uint8Array(3), new Uint8Array(148), randomBytes(64).fill(9, 0, 1)]) {
      expect(gate.pass(bytes, unasked, 0)).toBe(false);
    }
    expect(gate.pass(initiation(tunnelProfile).subarray(1), unasked, 0)).toBe(false);
    expect(gate.pass(wrongMac, unasked, 0)).toBe(false);
    expect(counts["handshake_mac1"]).toBe(1);
    expect((counts["datagram_type"] ?? 0) + (counts["datagram_length"] ?? 0)).toBe(5);
  });

  it.each([tunnelProfile, controlProfile])("answers a flood with cookies that work, and not without end", (profile) => {
    const { gate, counts, answers } = makeGate();
    const message = initiation(profile);
    let passed = 0;
    for (let sent = 0; sent < 20_000; sent += 1) if (gate.pass(message, () => from(sent), sent / 20)) passed += 1;
    expect(passed).toBe(100);
    expect(answers.length).toBeGreaterThan(400);
    expect(answers.length).toBeLessThanOrEqual(600);
    expect(counts["handshake_cookie"]).toBe(answers.length);
    expect(counts["handshake_cookieLimit"]).toBe(20_000 - 100 - answers.length);
    const { datagram, path } = answers.at(-1)!;
    const cookie = consumeCookieReply(profile, own[profile.name].publicKey, mac1Of(message), datagram);
    expect(cookie).toBeDefined();
    expect(gate.pass(initiation(profile, undefined, cookie), () => path, 1_001)).toBe(true);
  });

  it("lets an expected peer through the flood, handshakes and control data alike", () => {
    const { gate } = makeGate();
    const message = initiation(tunnelProfile);
    const control = new Uint8Array(64).fill(0);
    control[0] = 0xe4;
    const peer: Path = { kind: "direct", address: "fe80::7%eth0", port: 51820 };
    gate.setKnown(["fe80::7"]);
    for (let sent = 0; sent < 40_000; sent += 1) {
      gate.pass(message, () => from(sent), sent / 20);
      gate.pass(control, () => from(sent), sent / 20);
    }
    expect(gate.pass(control, () => from(3), 2_000)).toBe(false);
    expect(gate.pass(control, () => peer, 2_000)).toBe(true);
    expect(gate.pass(initiation(tunnelProfile), () => peer, 2_000)).toBe(true);
  });
});
