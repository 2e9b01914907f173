// The Noise handshake engine: pattern, prologue, keys and payloads go in as values, messages and the next state come out.
import type { HandshakePattern, Token } from "./patterns.ts";
import { diffieHellman, type KeyPair, keyPairOf, tagLength, wipe } from "./primitives.ts";
import {
  decryptAndHash,
  encryptAndHash,
  initialSymmetric,
  mixHash,
  mixKey,
  mixKeyAndHash,
  type SymmetricState,
  splitSymmetric,
} from "./symmetric.ts";

export type HandshakeRole = "initiator" | "responder";

/**
 * A handshake between two messages. A value: `writeMessage` and `readMessage` leave it as it is and return the next
 * one, so nothing is committed before a message has authenticated in full.
 */
export interface HandshakeState {
  readonly role: HandshakeRole;
  readonly pattern: HandshakePattern;
  /** Messages done so far. */
  readonly position: number;
  readonly symmetric: SymmetricState;
  readonly local: KeyPair | undefined;
  readonly ephemeral: KeyPair | undefined;
  readonly remoteStatic: Uint8Array | undefined;
  readonly remoteEphemeral: Uint8Array | undefined;
  /** Pre-shared keys that were not mixed in yet, in order of use. */
  readonly psks: readonly Uint8Array[];
}

export interface HandshakeOptions {
  readonly pattern: HandshakePattern;
  readonly role: HandshakeRole;
  readonly prologue: Uint8Array;
  /** The static key, where the pattern has one for this role. */
  readonly local?: KeyPair;
  /** The responder's static key, known beforehand to the initiator of `<- s` patterns. */
  readonly remoteStatic?: Uint8Array;
  /** 32 bytes each, in order of use; may come later through `withPsks`. */
  readonly psks?: readonly Uint8Array[];
}

/** zero-shared-secret: a public key of low order. out-of-turn: this role does not do that now, or a key is missing. */
export type HandshakeRefusal = "truncated" | "authentication" | "zero-shared-secret" | "out-of-turn";
export interface Refused {
  readonly ok: false;
  readonly reason: HandshakeRefusal;
}
export type WriteResult = { readonly ok: true; readonly state: HandshakeState; readonly message: Uint8Array } | Refused;
export type ReadResult = { readonly ok: true; readonly state: HandshakeState; readonly payload: Uint8Array } | Refused;

/** @throws RangeError when the responder's static key is needed and absent, or a psk is not 32 bytes */
export function startHandshake(options: HandshakeOptions): HandshakeState {
  const { pattern, role, local } = options;
  let symmetric = initialSymmetric(`Noise_${pattern.name}_25519_ChaChaPoly_BLAKE2s`);
  symmetric = mixHash(symmetric, options.prologue);
  if (pattern.responderKnown) {
    const responder = role === "initiator" ? options.remoteStatic : local?.publicKey;
    if (responder?.length !== 32) throw new RangeError(`${pattern.name} needs the responder's static key`);
    symmetric = mixHash(symmetric, responder);
  }
  const state: HandshakeState = {
    role,
    pattern,
    position: 0,
    symmetric,
    local,
    ephemeral: undefined,
    remoteStatic: pattern.responderKnown && role === "initiator" ? options.remoteStatic : undefined,
    remoteEphemeral: undefined,
    psks: [],
  };
  return withPsks(state, options.psks ?? []);
}

/** Sets the pre-shared keys that are still to come. @throws RangeError when one is not 32 bytes */
export function withPsks(state: HandshakeState, psks: readonly Uint8Array[]): HandshakeState {
  if (psks.some((psk) => psk.length !== 32)) throw new RangeError("a pre-shared key is 32 bytes");
  return { ...state, psks };
}

/** True after the pattern's last message: then `handshakeKeys` gives the transport keys. */
export function isFinished(state: HandshakeState): boolean {
  return state.position >= state.pattern.messages.length;
}

/**
 * Makes this role's next message.
 * @param ephemeral 32 fresh random bytes, used where the message has an `e`
 */
export function writeMessage(state: HandshakeState, payload: Uint8Array, ephemeral: Uint8Array): WriteResult {
  const tokens = state.pattern.messages[state.position];
  if (tokens === undefined || !isSender(state)) return refuse("out-of-turn");
  const parts: Uint8Array[] = [];
  let next = state;
  for (const token of tokens) {
    if (token === "e") {
      next = supersede(state, next, mixEphemeral({ ...next, ephemeral: keyPairOf(ephemeral) }, "own"));
      parts.push(next.ephemeral!.publicKey);
    } else if (token === "s") {
      if (next.local === undefined) return abandon(state, next, "out-of-turn");
      const [symmetric, sealed] = encryptAndHash(next.symmetric, next.local.publicKey);
      next = { ...next, symmetric };
      parts.push(sealed);
    } else {
      const mixed = mixSecret(next, token);
      if ("ok" in mixed) return abandon(state, next, mixed.reason);
      next = supersede(state, next, mixed);
    }
  }
  const [symmetric, sealed] = encryptAndHash(next.symmetric, payload);
  parts.push(sealed);
  return {
    ok: true,
    state: { ...next, symmetric, position: state.position + 1 },
    message: new Uint8Array(Buffer.concat(parts)),
  };
}

/** Reads the other side's next message; `state` stays usable whatever comes out. */
export function readMessage(state: HandshakeState, message: Uint8Array): ReadResult {
  const tokens = state.pattern.messages[state.position];
  if (tokens === undefined || isSender(state)) return refuse("out-of-turn");
  let next = state;
  let offset = 0;
  for (const token of tokens) {
    if (token === "e") {
      if (message.length < offset + 32) return abandon(state, next, "truncated");
      const remoteEphemeral = message.slice(offset, offset + 32);
      next = supersede(state, next, mixEphemeral({ ...next, remoteEphemeral }, "remote"));
      offset += 32;
    } else if (token === "s") {
      const length = next.symmetric.key === undefined ? 32 : 32 + tagLength;
      if (message.length < offset + length) return abandon(state, next, "truncated");
      const opened = decryptAndHash(next.symmetric, message.subarray(offset, offset + length));
      if (opened === undefined) return abandon(state, next, "authentication");
      next = { ...next, symmetric: opened[0], remoteStatic: opened[1].slice() };
      offset += length;
    } else {
      const mixed = mixSecret(next, token);
      if ("ok" in mixed) return abandon(state, next, mixed.reason);
      next = supersede(state, next, mixed);
    }
  }
  if (message.length < offset + (next.symmetric.key === undefined ? 0 : tagLength))
    return abandon(state, next, "truncated");
  const opened = decryptAndHash(next.symmetric, message.subarray(offset));
  if (opened === undefined) return abandon(state, next, "authentication");
  return { ok: true, state: { ...next, symmetric: opened[0], position: state.position + 1 }, payload: opened[1] };
}

/** Transport keys from this role's point of view, and the transcript hash for channel binding. @throws RangeError before the end */
export function handshakeKeys(state: HandshakeState): { send: Uint8Array; receive: Uint8Array; hash: Uint8Array } {
  if (!isFinished(state)) throw new RangeError("the handshake is not finished");
  const { initiator, responder } = splitSymmetric(state.symmetric);
  const [send, receive] = state.role === "initiator" ? [initiator, responder] : [responder, initiator];
  return { send, receive, hash: state.symmetric.hash };
}

/**
 * Zeroes the chaining key, the cipher key and the own ephemeral of a state that is not needed any more, which includes
 * every state it shares them with. The transcript hash stays: it is public and may serve as channel binding.
 */
export function eraseHandshake(state: HandshakeState): void {
  const { key, chainingKey } = state.symmetric;
  // Without a key no secret was mixed in yet: the chaining key is public.
  if (key !== undefined) {
    wipe(key);
    wipe(chainingKey);
  }
  if (state.ephemeral !== undefined) wipe(state.ephemeral.privateKey);
}

function isSender(state: HandshakeState): boolean {
  return (state.position % 2 === 0) === (state.role === "initiator");
}

/** `e`: into the hash, and into the chaining key where the pattern has a psk (§9.2). */
function mixEphemeral(state: HandshakeState, whose: "own" | "remote"): HandshakeState {
  const publicKey = whose === "own" ? state.ephemeral!.publicKey : state.remoteEphemeral!;
  const hashed = mixHash(state.symmetric, publicKey);
  return { ...state, symmetric: state.pattern.preshared ? mixKey(hashed, publicKey) : hashed };
}

function mixSecret(state: HandshakeState, token: Exclude<Token, "e" | "s">): HandshakeState | Refused {
  if (token === "psk") {
    const [psk, ...psks] = state.psks;
    if (psk === undefined) return refuse("out-of-turn");
    return { ...state, psks, symmetric: mixKeyAndHash(state.symmetric, psk) };
  }
  // The first letter is the initiator's key, the second the responder's.
  const [own, theirs] = state.role === "initiator" ? [token[0], token[1]] : [token[1], token[0]];
  const privateKey = (own === "e" ? state.ephemeral : state.local)?.privateKey;
  const publicKey = theirs === "e" ? state.remoteEphemeral : state.remoteStatic;
  if (privateKey === undefined || publicKey === undefined) return refuse("out-of-turn");
  const secret = diffieHellman(privateKey, publicKey);
  if (secret === undefined) return refuse("zero-shared-secret");
  const symmetric = mixKey(state.symmetric, secret);
  secret.fill(0);
  return { ...state, symmetric };
}

/** Zeroes the secrets of a step that `next` replaces, unless the state that the message began with still has them. */
function supersede(start: HandshakeState, old: HandshakeState, next: HandshakeState): HandshakeState {
  if (old.symmetric !== start.symmetric) eraseSymmetric(old.symmetric, [start.symmetric, next.symmetric]);
  return next;
}

/** Refuses a message half-way: what was derived for it goes, the state that it began with stays. */
function abandon(start: HandshakeState, reached: HandshakeState, reason: HandshakeRefusal): Refused {
  eraseSymmetric(reached.symmetric, [start.symmetric]);
  return refuse(reason);
}

function eraseSymmetric({ key, chainingKey }: SymmetricState, kept: readonly SymmetricState[]): void {
  if (key !== undefined && kept.every((one) => one.key !== key)) wipe(key);
  // Before the first secret the chaining key is the hash's own array.
  if (key !== undefined && kept.every((one) => one.chainingKey !== chainingKey)) wipe(chainingKey);
}

function refuse(reason: HandshakeRefusal): Refused {
  return { ok: false, reason };
}
