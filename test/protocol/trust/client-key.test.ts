// A client's tunnel key as the key of its grant: there and back, and nothing that no private key gives.
import { generateKeyPairSync } from "node:crypto";
import { x25519 } from "@noble/curves/ed25519.js";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { clientSshKey, clientTunnelKey } from "../../../protocol/trust/client-key.ts";
import { parseSshPublicKey } from "../../../protocol/trust/ssh-public-key.ts";
import { sshString } from "../../../protocol/trust/ssh-wire.ts";

const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 });

describe("the SSH key of a client", () => {
  it("maps back to the tunnel key of every private key", () => {
    fc.assert(
      fc.property(bytes32, (secret) => {
        const tunnelKey = x25519.getPublicKey(secret);
        const key = clientSshKey(tunnelKey);
        expect(key?.type).toBe("ssh-ed25519");
        expect(clientTunnelKey(key!)).toEqual(tunnelKey);
        expect(parseSshPublicKey(key!.line).blob).toEqual(key!.blob);
      }),
      { numRuns: 40 },
    );
  });

  it("is none for bytes that no private key gives, and never throws", () => {
    let refused = 0;
    fc.assert(
      fc.property(bytes32, (bytes) => {
        const key = clientSshKey(bytes);
        if (key === undefined) refused += 1;
        else expect(clientTunnelKey(key)).toEqual(bytes);
      }),
      { numRuns: 60 },
    );
    // Half of all numbers are on the twist, and of the others one in eight is in the right group.
    expect(refused).toBeGreaterThan(30);
    for (const u of [0n, 1n, (1n << 255n) - 20n, (1n << 255n) - 19n, (1n << 256n) - 1n]) {
      const bytes = Uint8Array.from(Buffer.from(u.toString(16).padStart(64, "0"), "hex")).toReversed();
      expect(clientSshKey(bytes)).toBeUndefined();
    }
    expect(clientSshKey(new Uint8Array(31))).toBeUndefined();
  });

  it("has one form: the other sign of the same point is no client's", () => {
    const key = clientSshKey(x25519.getPublicKey(new Uint8Array(32).fill(7)));
    const point = Uint8Array.from(key!.blob.subarray(-32));
    point[31]! |= 0x80;
    const other = parseSshPublicKey(Buffer.concat([sshString("ssh-ed25519"), sshString(point)]));
    expect(clientTunnelKey(other)).toBeUndefined();
    const { publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const { x = "", y = "" } = publicKey.export({ format: "jwk" });
    const uncompressed = Buffer.concat([Buffer.of(4), Buffer.from(x, "base64url"), Buffer.from(y, "base64url")]);
    const line = ["ecdsa-sha2-nistp256", "nistp256", uncompressed].map((part) => sshString(part));
    expect(clientTunnelKey(parseSshPublicKey(Buffer.concat(line)))).toBeUndefined();
  });
});
