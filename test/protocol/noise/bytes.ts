// Bytes for tests: hexadecimal both ways, and keys that are the same in every run.
import { blake2s, type KeyPair, keyPairOf } from "../../../protocol/noise/primitives.ts";

export const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text.replace(/\s+/g, ""), "hex"));
export const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

/** 32 bytes that depend on the label alone. */
export const bytesOf = (label: string): Uint8Array => blake2s(new TextEncoder().encode(label));
/** A key pair that depends on the label alone. */
export const keysOf = (label: string): KeyPair => keyPairOf(bytesOf(label));
