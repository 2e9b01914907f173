// Handshake patterns as data (Noise rev. 34 §7 and §9): which tokens each message carries and who knows which key before.

/** What a message does: send a key, or mix a secret in. `se` is the initiator's static with the responder's ephemeral. */
export type Token = "e" | "s" | "ee" | "es" | "se" | "ss" | "psk";

/** A pattern before modifiers. */
export interface BasePattern {
  /** True when the initiator knows the responder's static key beforehand (`<- s`). */
  readonly responderKnown: boolean;
  /** Messages in order; the initiator sends those with an even index. */
  readonly messages: readonly (readonly Token[])[];
}

/** Names of base patterns to their definition. */
export type PatternTable = Readonly<Record<string, BasePattern>>;

/** A pattern with its modifiers applied. */
export interface HandshakePattern extends BasePattern {
  /** As in the protocol name, "IKpsk2". */
  readonly name: string;
  /** True when a `psk` token occurs: then ephemeral keys are mixed into the chaining key too (§9.2). */
  readonly preshared: boolean;
}

/** The patterns that this project uses or is tested with. */
export const basePatterns: PatternTable = {
  IK: {
    responderKnown: true,
    messages: [
      ["e", "es", "s", "ss"],
      ["e", "ee", "se"],
    ],
  },
  NK: {
    responderKnown: true,
    messages: [
      ["e", "es"],
      ["e", "ee"],
    ],
  },
  XX: { responderKnown: false, messages: [["e"], ["e", "ee", "s", "es"], ["s", "se"]] },
};

/**
 * The pattern of a name such as "IK", "IKpsk2" or "IKpsk0+psk2".
 * @param table where base patterns are looked up
 * @throws RangeError for a name the table does not have or a modifier that does not fit
 */
export function patternOf(name: string, table: PatternTable = basePatterns): HandshakePattern {
  const match = /^([A-Z0-9]+?)((?:psk\d)(?:\+psk\d)*)?$/.exec(name);
  const base = match?.[1] === undefined ? undefined : table[match[1]];
  if (match === null || base === undefined) throw new RangeError(`unknown handshake pattern ${name}`);
  const positions = (match[2] ?? "").split("+").flatMap((modifier) => (modifier === "" ? [] : [Number(modifier[3])]));
  const messages = base.messages.map((tokens) => [...tokens]);
  for (const position of positions) placePsk(messages, position, name);
  return { name, responderKnown: base.responderKnown, messages, preshared: positions.length > 0 };
}

/** psk0 opens the first message, pskN closes the Nth (§9.4). */
function placePsk(messages: Token[][], position: number, name: string): void {
  const message = messages[Math.max(0, position - 1)];
  if (message === undefined) throw new RangeError(`${name} has no message ${position}`);
  if (position === 0) message.unshift("psk");
  else message.push("psk");
}
