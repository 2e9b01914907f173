// Passwords and passphrases of one run: asked once however many hosts want them, kept in memory, given up after three wrong ones.
import type { ConnectOptions } from "./connection.ts";

export type AskSecret = NonNullable<ConnectOptions["askSecret"]>;

/** One answer, and whoever uses it says whether it was right. Until then nobody else is asked for the same. */
export interface SecretTry {
  readonly secret: string;
  /** Undefined: nobody has said whether it was right. */
  settle(right: boolean | undefined): void;
}

interface Remembered {
  right: string | undefined;
  wrong: number;
  /** Ends when the try before has been settled. */
  turn: Promise<void>;
}

const secretTries = 3;
/** A run has one function that asks, so what it has learnt lives as long as that. */
const runs = new WeakMap<AskSecret, Map<string, Remembered>>();

/**
 * The secret for `key` ("passphrase /file", "password me@host"), from memory or asked for with `question`.
 * Undefined: it was wrong three times in this run.
 */
export async function trySecret(
  ask: AskSecret,
  key: string,
  question: string,
  tries = secretTries,
): Promise<SecretTry | undefined> {
  const known = runs.get(ask) ?? new Map<string, Remembered>();
  runs.set(ask, known);
  const entry = known.get(key) ?? { right: undefined, wrong: 0, turn: Promise.resolve() };
  known.set(key, entry);
  const before = entry.turn;
  let release = () => {};
  entry.turn = new Promise((resolve) => {
    release = resolve;
  });
  await before;
  if (entry.wrong >= tries) {
    release();
    return undefined;
  }
  if (entry.right !== undefined) release();
  let settled = false;
  try {
    const secret = entry.right ?? (await ask(question));
    return {
      secret,
      settle(right) {
        if (settled) return;
        settled = true;
        if (right === true) entry.right = secret;
        else if (right === false) {
          entry.wrong += 1;
          if (entry.right === secret) entry.right = undefined;
        }
        release();
      },
    };
  } catch (error) {
    release();
    throw error;
  }
}
