// Keys made of a label and a public key: those of mac1 and of cookie replies, which a flood asks for thousands of times a second.
import { blake2s, equalBytes } from "../noise/primitives.ts";

interface Known {
  /** The public key as it was, to notice an array that was reused for another one. */
  readonly publicKey: Uint8Array;
  readonly key: Uint8Array;
}

/** Per label, then per public key; both live as long as the arrays that they are known by. */
const known = new WeakMap<Uint8Array, WeakMap<Uint8Array, Known>>();

/** BLAKE2s-256(label ‖ public key); nothing in it is secret. The label must be one of a profile, which never change. */
export function labelledKey(label: Uint8Array, publicKey: Uint8Array): Uint8Array {
  const ofLabel = known.get(label) ?? new WeakMap<Uint8Array, Known>();
  known.set(label, ofLabel);
  const found = ofLabel.get(publicKey);
  if (found !== undefined && equalBytes(found.publicKey, publicKey)) return found.key;
  const key = blake2s(label, publicKey);
  ofLabel.set(publicKey, { publicKey: publicKey.slice(), key });
  return key;
}
