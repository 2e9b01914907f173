// Error catalogue: what can go wrong around trust.
import type { ErrorEntry } from "./entry.ts";

export const trustErrors = {
  TM_TRUST_PUBLIC_KEY: {
    title: "This is not an SSH public key that TunnelMesh can use",
    cause: "Ed25519, RSA from 2048 bits, ECDSA on a NIST curve and security keys work; certificates and DSA do not.",
    advice: ["Give one line as in a .pub file: ssh-ed25519 AAAA… comment", "Make a new key: ssh-keygen -t ed25519"],
  },
  TM_TRUST_PRIVATE_KEY: {
    title: "This is not a private key in OpenSSH's format",
    cause: "The file is damaged, is in another format, or its public and private halves do not belong together.",
    advice: [
      "Convert a PEM key in place: ssh-keygen -p -f FILE",
      "If its halves do not belong together, make a new key: ssh-keygen -t ed25519",
    ],
  },
} as const satisfies Record<`TM_${string}`, ErrorEntry>;
