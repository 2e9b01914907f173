// Published Noise vectors, and the run of one through the engine.
import { readFileSync } from "node:fs";
import {
  type HandshakeState,
  handshakeKeys,
  isFinished,
  readMessage,
  startHandshake,
  writeMessage,
} from "../../../protocol/noise/handshake.ts";
import { type PatternTable, patternOf } from "../../../protocol/noise/patterns.ts";
import { aeadOpen, aeadSeal, keyPairOf } from "../../../protocol/noise/primitives.ts";
import { hex, toHex } from "./bytes.ts";

export interface NoiseVector {
  readonly protocol_name: string;
  readonly source: string;
  readonly init_prologue: string;
  readonly init_static?: string;
  readonly init_ephemeral: string;
  readonly init_remote_static?: string;
  readonly init_psks?: readonly string[];
  readonly resp_static?: string;
  readonly resp_ephemeral: string;
  readonly resp_psks?: readonly string[];
  readonly handshake_hash?: string;
  readonly messages: readonly { readonly payload: string; readonly ciphertext: string }[];
}

export const noiseVectors: readonly NoiseVector[] = JSON.parse(
  readFileSync(new URL("../../vectors/noise.json", import.meta.url), "utf8"),
).vectors;

const empty = new Uint8Array(0);

/** Both sides through the vector; the first difference as text, or undefined when all of it holds. */
export function differenceOf(vector: NoiseVector, table?: PatternTable): string | undefined {
  let [initiator, responder] = start(vector, table);
  const messages = [...vector.messages];
  for (let index = 0; !isFinished(initiator); index += 1) {
    const { payload, ciphertext } = messages.shift()!;
    const fromInitiator = index % 2 === 0;
    const written = writeMessage(
      fromInitiator ? initiator : responder,
      hex(payload),
      hex(fromInitiator ? vector.init_ephemeral : vector.resp_ephemeral),
    );
    if (!written.ok) return `message ${index}: not written, ${written.reason}`;
    if (toHex(written.message) !== ciphertext) return `message ${index}: other bytes`;
    const read = readMessage(fromInitiator ? responder : initiator, written.message);
    if (!read.ok) return `message ${index}: not read, ${read.reason}`;
    if (toHex(read.payload) !== payload) return `message ${index}: other payload`;
    [initiator, responder] = fromInitiator ? [written.state, read.state] : [read.state, written.state];
  }
  const keys = handshakeKeys(initiator);
  const mirrored = handshakeKeys(responder);
  if (toHex(keys.send) !== toHex(mirrored.receive) || toHex(keys.receive) !== toHex(mirrored.send))
    return "keys differ";
  if (vector.handshake_hash !== undefined && toHex(keys.hash) !== vector.handshake_hash) return "handshake hash";
  return transportDifference(messages, keys, vector.messages.length);
}

function transportDifference(
  messages: NoiseVector["messages"],
  keys: { send: Uint8Array; receive: Uint8Array },
  total: number,
): string | undefined {
  const counters = [0, 0];
  for (const [offset, { payload, ciphertext }] of messages.entries()) {
    const parity = (total - messages.length + offset) % 2;
    const key = parity === 0 ? keys.send : keys.receive;
    const counter = counters[parity]!;
    counters[parity] = counter + 1;
    if (toHex(aeadSeal(key, counter, hex(payload), empty)) !== ciphertext) return `transport ${offset}: other bytes`;
    const opened = aeadOpen(key, counter, hex(ciphertext), empty);
    if (opened === undefined || toHex(opened) !== payload) return `transport ${offset}: not opened`;
  }
  return undefined;
}

function start(vector: NoiseVector, table?: PatternTable): [HandshakeState, HandshakeState] {
  const name = vector.protocol_name.split("_")[1]!;
  const pattern = patternOf(name, table);
  const prologue = hex(vector.init_prologue);
  const initiator = startHandshake({
    pattern,
    role: "initiator",
    prologue,
    ...(vector.init_static === undefined ? {} : { local: keyPairOf(hex(vector.init_static)) }),
    ...(vector.init_remote_static === undefined ? {} : { remoteStatic: hex(vector.init_remote_static) }),
    psks: (vector.init_psks ?? []).map(hex),
  });
  const responder = startHandshake({
    pattern,
    role: "responder",
    prologue,
    ...(vector.resp_static === undefined ? {} : { local: keyPairOf(hex(vector.resp_static)) }),
    psks: (vector.resp_psks ?? []).map(hex),
  });
  return [initiator, responder];
}
