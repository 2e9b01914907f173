// The numbers inside an SSH public key, and the same key as node:crypto wants it.
import { createPublicKey, type KeyObject } from "node:crypto";

/** Decoded public key; `point` is the compressed Edwards point (32 bytes) or 0x04 ‖ x ‖ y. */
export type KeyMaterial =
  | { readonly kind: "ed25519"; readonly point: Uint8Array }
  | { readonly kind: "rsa"; readonly exponent: Uint8Array; readonly modulus: Uint8Array }
  | { readonly kind: "ecdsa"; readonly curve: "nistp256" | "nistp384" | "nistp521"; readonly point: Uint8Array }
  | { readonly kind: "sk-ed25519"; readonly point: Uint8Array; readonly application: string }
  | {
      readonly kind: "sk-ecdsa";
      readonly curve: "nistp256";
      readonly point: Uint8Array;
      readonly application: string;
    };

const jwkCurves = { nistp256: "P-256", nistp384: "P-384", nistp521: "P-521" } as const;

/** Imports the key. @throws Error of node:crypto when a point is not on its curve */
export function keyObjectOf(material: KeyMaterial): KeyObject {
  switch (material.kind) {
    case "ed25519":
    case "sk-ed25519":
      return createPublicKey({ format: "jwk", key: { kty: "OKP", crv: "Ed25519", x: base64url(material.point) } });
    case "rsa":
      return createPublicKey({
        format: "jwk",
        key: { kty: "RSA", n: base64url(material.modulus), e: base64url(material.exponent) },
      });
    case "ecdsa":
    case "sk-ecdsa": {
      const half = (material.point.length - 1) / 2;
      const x = base64url(material.point.subarray(1, 1 + half));
      const y = base64url(material.point.subarray(1 + half));
      return createPublicKey({ format: "jwk", key: { kty: "EC", crv: jwkCurves[material.curve], x, y } });
    }
    default:
      return material satisfies never;
  }
}

function base64url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64url");
}
