// Every message of the tunnel and of peer control as frozen bytes: keys, ephemerals and time are fixed.
import { describe, expect, it } from "vitest";
import { initialSymmetric, mixHash } from "../../../protocol/noise/symmetric.ts";
import { cookieOf, createCookieReply, datagramSource } from "../../../protocol/wireguard/cookie.ts";
import { decodeCookieReply } from "../../../protocol/wireguard/cookie-reply.ts";
import { decodeData, openData, sealData } from "../../../protocol/wireguard/data.ts";
import { decodeInitiation } from "../../../protocol/wireguard/initiation.ts";
import { controlProfile, tunnelProfile } from "../../../protocol/wireguard/profile.ts";
import { decodeResponse } from "../../../protocol/wireguard/response.ts";
import { bytesOf, hex, toHex } from "../noise/bytes.ts";
import { initiate, responder, shakeHands } from "./pair.ts";

const golden = {
  tunnel: {
    initiation: `01000000 04030201
      1fb22d22843e83c5616c4e80caa091331a66ff0e74573e68e084dd145172a45c
      887006ed4facd758cbf74d23d791a8ad13910525629a4a2f395835df13044854 fefcb33ec767ea9ad23311fedd543bb4
      de2e7784dec544346c23df25 30c92ad894690610bd5e2c0c78416d3b
      c51c3dffff52b6e4d4ccfc2c99325637 00000000000000000000000000000000`,
    response: `02000000 d4c3b2a1 04030201
      cfb82a4c40ec91c20e0c4c131a3bdb7933b30187945a5205f25d5faa6eb68e67 fce62aa85227378ef34a2eccdb4c895f
      3fbd7a5358a7f56eea47f87888f4c680 00000000000000000000000000000000`,
    cookieReply: `03000000 04030201 c912508459e11f03946f2fa4d6b05c1971d505b414553dbf
      d1e7048a0a7bd33c28d795cebf2afdf9 b6da1eae5642f4d10f4a72b70221212c`,
    mac2: "969b7108b3a7efe52a00d0dda8f3af65",
    keepalive: "04000000 d4c3b2a1 0000000000000000 16f81974ca87c9595a8980972f225766",
    data: `04000000 d4c3b2a1 0500000002000000
      deadc2bd61fde7d823f9cc1e48b9e70a 9b60638e9d27936287a8759164ebf227`,
  },
  control: {
    initiation: `e1000000 04030201
      1fb22d22843e83c5616c4e80caa091331a66ff0e74573e68e084dd145172a45c
      887006ed4facd758cbf74d23d791a8ad13910525629a4a2f395835df13044854 7310c98f3e8f62c8fb7021bfb7afc04d
      de2e7784dec544346c23df25 3e866496040b9e5b748252a06b5ec639
      8f48a622e16f97692da350e1793d4618 00000000000000000000000000000000`,
    response: `e2000000 d4c3b2a1 04030201
      cfb82a4c40ec91c20e0c4c131a3bdb7933b30187945a5205f25d5faa6eb68e67 771070677191da9a52f9c5073eb97b35
      d39d2b3bea862f88853197c3b4c2a4f9 00000000000000000000000000000000`,
    cookieReply: `e3000000 04030201 c912508459e11f03946f2fa4d6b05c1971d505b414553dbf
      d1e7048a0a7bd33c28d795cebf2afdf9 53f4821439948528bd7ee2cc95278397`,
    mac2: "c35d0e378d4c2ccd9fff9accba8f3750",
    keepalive: "e4000000 d4c3b2a1 0000000000000000 16f81974ca87c9595a8980972f225766",
    data: `e4000000 d4c3b2a1 0500000002000000
      deadc2bd61fde7d823f9cc1e48b9e70a 9b60638e9d27936287a8759164ebf227`,
  },
};

/** protocol.md §1.1: recomputed there, and constants of another implementation. */
it("starts from WireGuard's published chaining key and hash", () => {
  const start = initialSymmetric("Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s");
  expect(toHex(start.chainingKey)).toBe("60e26daef327efc02ec335e2a025d2d016eb4206f87277f52d38d1988b78cd36");
  const withPrologue = mixHash(start, tunnelProfile.prologue);
  expect(toHex(withPrologue.hash)).toBe("2211b361081ac566691243db458ad5322d9c6c662293e8b70ee19c65ba079ef3");
});

describe.each([tunnelProfile, controlProfile])("$name", (profile) => {
  const want = golden[profile.name];
  const { initiation, response, initiatorKeys, responderKeys } = shakeHands(profile);
  const cookie = cookieOf(bytesOf("cookie secret"), datagramSource(Uint8Array.of(198, 18, 0, 1), 51820));

  it("initiation, 148 bytes", () => {
    expect(initiation).toEqual(hex(want.initiation));
    expect(decodeInitiation(profile.types.initiation, initiation)?.senderIndex).toBe(0x01020304);
  });

  it("response, 92 bytes", () => {
    expect(response).toEqual(hex(want.response));
    const decoded = decodeResponse(profile.types.response, response);
    expect(decoded).toMatchObject({ senderIndex: 0xa1b2c3d4, receiverIndex: 0x01020304 });
  });

  it("cookie reply, 64 bytes, and the mac2 made with its cookie", () => {
    const nonce = bytesOf("nonce").subarray(0, 24);
    const input = { localPublicKey: responder.publicKey, message: initiation, cookie, nonce };
    const reply = createCookieReply(profile, input);
    expect(reply).toEqual(hex(want.cookieReply));
    expect(decodeCookieReply(profile.types.cookieReply, reply)?.receiverIndex).toBe(0x01020304);
    expect(toHex(initiate(profile, cookie).message.subarray(132))).toBe(want.mac2);
  });

  it("keepalive, 32 bytes, and data with a counter above 32 bits", () => {
    const plaintext = new TextEncoder().encode("sixteen bytes ok");
    const counter = 2 ** 33 + 5;
    expect(sealData(profile, initiatorKeys.send, 0xa1b2c3d4, 0, new Uint8Array(0))).toEqual(hex(want.keepalive));
    const data = sealData(profile, initiatorKeys.send, 0xa1b2c3d4, counter, plaintext);
    expect(data).toEqual(hex(want.data));
    expect(decodeData(profile.types.data, data)).toMatchObject({ receiverIndex: 0xa1b2c3d4, counter });
    expect(openData(profile, responderKeys.receive, data)).toEqual(plaintext);
  });
});
