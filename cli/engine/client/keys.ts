// WireGuard keys as its tools write them: 32 bytes in base64.
import { randomBytes } from "node:crypto";
import type { X25519PublicKey } from "../../../protocol/brand.ts";
import { TunnelMeshError } from "../../../protocol/errors/error.ts";
import { publicKeyOf } from "../../../protocol/noise/primitives.ts";
import { clientSshKey } from "../../../protocol/trust/client-key.ts";
import type { MeshView } from "../../../protocol/trust/member.ts";
import { parseSshPublicKey, type SshPublicKey } from "../../../protocol/trust/ssh-public-key.ts";
import { mapToX25519 } from "../../../protocol/trust/tunnel-keys.ts";

export interface ClientKey {
  readonly publicKey: X25519PublicKey;
  /** What the grant names. */
  readonly sshKey: SshPublicKey;
  /** Base64; undefined where it was made elsewhere. */
  readonly privateKey: string | undefined;
}

/** A new key pair, or the public key that was given. @throws TunnelMeshError TM_CLIENT_KEY */
export function clientKey(given: string | undefined): ClientKey {
  if (given !== undefined) return { ...readKey(given), privateKey: undefined };
  const scalar = randomBytes(32);
  scalar[0]! &= 248;
  scalar[31] = (scalar[31]! & 127) | 64;
  const publicKey = Uint8Array.from(publicKeyOf(scalar));
  const sshKey = clientSshKey(publicKey);
  if (sshKey === undefined) throw new RangeError("a private key gave no usable public key");
  const privateKey = encodeKey(scalar);
  scalar.fill(0);
  return { publicKey: publicKey as X25519PublicKey, sshKey, privateKey };
}

/** The base64 that WireGuard's tools take and give. */
export function encodeKey(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}

/** @throws TunnelMeshError TM_CLIENT_KEY when a member has this tunnel key */
export function refuseUsedKey({ members }: Pick<MeshView, "members">, { publicKey }: ClientKey): void {
  for (const { name, keys, client, sshPublicKey } of members.values()) {
    const mapped = mapToX25519(parseSshPublicKey(sshPublicKey));
    const own = [keys?.x25519, client?.x25519, mapped.ok ? mapped.x25519 : undefined];
    if (own.some((key) => key !== undefined && Buffer.compare(key, publicKey) === 0)) {
      throw new TunnelMeshError("TM_CLIENT_KEY", { detail: `it is the key of ${name}` });
    }
  }
}

function readKey(text: string): Pick<ClientKey, "publicKey" | "sshKey"> {
  const bytes = Uint8Array.from(Buffer.from(text, "base64"));
  const whole = bytes.length === 32 && Buffer.from(bytes).toString("base64") === text;
  if (!whole) throw new TunnelMeshError("TM_CLIENT_KEY", { detail: "a public key is 44 characters of base64" });
  const sshKey = clientSshKey(bytes);
  if (sshKey === undefined)
    throw new TunnelMeshError("TM_CLIENT_KEY", { detail: "no private key has this public key" });
  return { publicKey: bytes as X25519PublicKey, sshKey };
}
