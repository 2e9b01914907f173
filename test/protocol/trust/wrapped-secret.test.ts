// The sealed network secret: the suite against RFC 9180's vector, and who can open what.
import { describe, expect, it } from "vitest";
import { secretSuite } from "../../../protocol/trust/sealed-secret.ts";
import { deriveTunnelKeys } from "../../../protocol/trust/tunnel-keys.ts";
import { unwrapNetworkSecret, wrapNetworkSecret } from "../../../protocol/trust/wrapped-secret.ts";

const hex = (text: string): Uint8Array<ArrayBuffer> => Uint8Array.from(Buffer.from(text, "hex"));
const toHex = (bytes: ArrayBuffer): string => Buffer.from(bytes).toString("hex");

/** RFC 9180 A.2.1: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20-Poly1305, base mode. */
const vector = {
  info: "4f6465206f6e2061204772656369616e2055726e",
  ikmE: "909a9b35d3dc4713a5e72a4da274b55d3d3821a37e5d099e74a647db583a904b",
  enc: "1afa08d3dec047a643885163f1180476fa7ddb54c6a8029ea33f95796bf2ac4a",
  pkRm: "4310ee97d88cc1f088a5576c77ab0cf5c3ac797f3d95139c6c84b5429c59662a",
  skRm: "8057991eef8f1f1af18f4a9491d16a1ce333f695d4db8e38da75975c4478e0fb",
  pt: "4265617574792069732074727574682c20747275746820626561757479",
  encryptions: [
    {
      aad: "436f756e742d30",
      ct: "1c5250d8034ec2b784ba2cfd69dbdb8af406cfe3ff938e131f0def8c8b60b4db21993c62ce81883d2dd1b51a28",
    },
    {
      aad: "436f756e742d31",
      ct: "6b53c051e4199c518de79594e1c4ab18b96f081549d45ce015be002090bb119e85285337cc95ba5f59992dc98c",
    },
  ],
};

describe("the suite", () => {
  it("seals and opens as RFC 9180 A.2.1", async () => {
    const suite = secretSuite();
    const info = hex(vector.info);
    const recipientPublicKey = await suite.kem.deserializePublicKey(hex(vector.pkRm));
    const ekm = await suite.kem.deriveKeyPair(hex(vector.ikmE));
    const sender = await suite.createSenderContext({ recipientPublicKey, info, ekm });
    expect(toHex(sender.enc)).toBe(vector.enc);
    const privateKey = await suite.kem.importKey("raw", hex(vector.skRm), false);
    const recipientKey = { privateKey, publicKey: recipientPublicKey };
    const recipient = await suite.createRecipientContext({ recipientKey, enc: hex(vector.enc), info });
    for (const { aad, ct } of vector.encryptions) {
      expect(toHex(await sender.seal(hex(vector.pt), hex(aad)))).toBe(ct);
      expect(toHex(await recipient.open(hex(ct), hex(aad)))).toBe(vector.pt);
    }
  });
});

describe("a wrapped generation", () => {
  const meshId = "11".repeat(32) as never;
  const { ctl: own } = deriveTunnelKeys(new Uint8Array(32).fill(1));
  const { ctl: other } = deriveTunnelKeys(new Uint8Array(32).fill(2));
  const generation = { gen: 3, secret: "ab".repeat(32) };

  it("opens with the key it was sealed to, for its mesh and number, and not otherwise", async () => {
    const wrap = await wrapNetworkSecret(own.publicKey, meshId, generation);
    expect(wrap.sealed).toHaveLength(160);
    expect(wrap.sealed).not.toContain(generation.secret);
    expect(await unwrapNetworkSecret(own.privateKey, meshId, wrap)).toEqual(generation);
    expect(await unwrapNetworkSecret(other.privateKey, meshId, wrap)).toBeUndefined();
    expect(await unwrapNetworkSecret(own.privateKey, "12".repeat(32) as never, wrap)).toBeUndefined();
    expect(await unwrapNetworkSecret(own.privateKey, meshId, { ...wrap, gen: 4 })).toBeUndefined();
    for (let index = 0; index < wrap.sealed.length; index += 10) {
      const digit = wrap.sealed[index] === "0" ? "1" : "0";
      const sealed = wrap.sealed.slice(0, index) + digit + wrap.sealed.slice(index + 1);
      expect(await unwrapNetworkSecret(own.privateKey, meshId, { ...wrap, sealed })).toBeUndefined();
    }
    expect(await unwrapNetworkSecret(own.privateKey, meshId, { gen: 3, sealed: "00".repeat(80) })).toBeUndefined();
  });

  it("differs at each sealing", async () => {
    const [one, two] = [1, 2].map(() => wrapNetworkSecret(own.publicKey, meshId, generation));
    expect((await one)?.sealed).not.toBe((await two)?.sealed);
  });
});
