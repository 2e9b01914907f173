// Host certificates: believed when an authority in known_hosts has signed for this name. The key inside stays the host's identity.
import { SshFormatError } from "../../../protocol/trust/ssh-wire.ts";
import { parseCertificate, whyNotHost } from "./certificate.ts";
import type { ResolvedTarget } from "./configuration.ts";
import type { KnownKey } from "./known-hosts.ts";

export type CertificateVerdict =
  | { readonly kind: "good" /** The certified key, "ssh-ed25519 AAAA…". */; readonly key: string }
  | { readonly kind: "not-good"; readonly why: string };

/** The certificate algorithms to ask for: those that HostKeyAlgorithms leaves, all by default. */
export function certificateAlgorithms({ algorithms }: ResolvedTarget): string[] {
  const named = algorithms.hostKey.filter((name) => name.includes("-cert-"));
  return named.length > 0 ? named : algorithms.hostKey.map((name) => `${name}-cert-v01@openssh.com`);
}

/** Judges what a server gave. `known`: what known_hosts says of the host; `now` in seconds since 1970. */
export function judgeCertificate(
  blob: Uint8Array,
  known: readonly KnownKey[],
  resolved: ResolvedTarget,
  now: bigint,
): CertificateVerdict {
  try {
    const certificate = parseCertificate(blob);
    const { key, authority } = certificate;
    const name = resolved.hostKeys.alias ?? resolved.host;
    const why = whyNotHost(certificate, name, now, resolved.algorithms.authority);
    if (why !== undefined) return { kind: "not-good", why };
    if (known.some(({ revoked, line }) => revoked && (line === key.line || line === authority.line))) {
      return { kind: "not-good", why: "its key or its authority is revoked" };
    }
    if (!known.some((one) => one.authority && one.line === authority.line)) {
      return { kind: "not-good", why: "its authority is not in known_hosts" };
    }
    return { kind: "good", key: key.line };
  } catch (error) {
    if (!(error instanceof SshFormatError)) throw error;
    return { kind: "not-good", why: error.message };
  }
}
