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
  TM_TRUST_NO_ADMIN_KEY: {
    title: "No key of an admin was found to sign with",
    cause: "A change of the mesh is signed by one of the admins in its stack, and none of their keys is at hand here.",
    advice: [
      "Name the private key: --admin-key FILE",
      "Or load it into the SSH agent: ssh-add FILE",
      "Or ask somebody whose public key is among the stack's admins.",
    ],
  },
  TM_TRUST_NOT_ADMIN: {
    title: "The key given with --admin-key is not one of an admin",
    cause: "The mesh takes changes only from keys in the stack's admins.",
    advice: ["Give the key of an admin, or leave --admin-key out to look in the SSH agent and in ~/.ssh."],
  },
  TM_TRUST_SIGNING_FAILED: {
    title: "The admin's key did not sign",
    cause: "ssh-keygen, which asks the SSH agent, the passphrase or the security key, ended without a signature.",
    advice: [
      "Try it by hand: echo test | ssh-keygen -Y sign -n test -f KEY",
      "Without a terminal no passphrase can be asked: load the key into the SSH agent first.",
    ],
  },
  TM_TRUST_MESH_FILE: {
    title: "The mesh file does not hold together",
    cause: "A line of mesh/STAGE.jsonl was edited, merged or cut, or is signed by somebody who is no admin.",
    advice: [
      "Get the last good version back: git log -p -- mesh/",
      "After a merge conflict: keep the upstream lines, remove your own, and run the command again.",
    ],
    exitCode: 3,
  },
  TM_TRUST_ITEM_REFUSED: {
    title: "A newly signed item does not fit the mesh",
    cause: "The mesh changed in between, or more admins must sign than did.",
    advice: ["Get the newest mesh file (git pull) and run the command again."],
  },
  TM_TRUST_FORK: {
    title: "The mesh's log continues here in another way than elsewhere",
    cause: "Two changes were signed on top of the same entry, or a newer version of tm has changed the mesh.",
    advice: [
      "Get the newest mesh file first: git pull",
      "If the mesh was changed by a newer tm, update this one.",
      "Nothing was changed; members keep what they have.",
    ],
    exitCode: 3,
  },
  TM_TRUST_LOCKED: {
    title: "Another tm is changing this mesh on this machine",
    cause: "One process at a time changes a mesh file.",
    advice: ["Wait for it to end.", "If it runs on another machine and is gone: tm unlock."],
  },
  TM_TRUST_RANGE_FULL: {
    title: "No address is left in the mesh's range",
    cause: "Every address of the range belongs to a member.",
    advice: ["Remove members that are not needed, or begin a mesh with a larger range."],
  },
} as const satisfies Record<`TM_${string}`, ErrorEntry>;
