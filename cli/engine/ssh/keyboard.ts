// Keyboard-interactive login (RFC 4256): what a host asks, shown as the host's words, few and short; and answered by a person.
import type { KeyboardInteractiveCallback, Prompt } from "ssh2";
import { TunnelMeshError } from "../../../protocol/errors/error.ts";
import { type AskSecret, type SecretTry, trySecret } from "./secrets.ts";
import { visible } from "./visible.ts";

export interface KeyboardOptions {
  readonly ask: AskSecret;
  /** "me@host", for questions and to remember a password. */
  readonly place: string;
  readonly secretKey: string;
  readonly tries: number;
  /** The clock stands still while somebody is asked. */
  readonly paused: <T>(work: () => Promise<T>) => Promise<T>;
  readonly onError: (error: unknown) => void;
  readonly onSecret: (attempt: SecretTry) => void;
}

/** Questions of one try: one that wants more wants to keep somebody busy. */
const promptLimit = 8;
const textLimit = 200;

/** What the SSH library calls with each round of questions. */
export type Keyboard = (
  name: string,
  instructions: string,
  language: string,
  prompts: Prompt[],
  finish: KeyboardInteractiveCallback,
) => void;

/** Answers of one try; a host that asks too much is left. */
export function createKeyboard(options: KeyboardOptions): Keyboard {
  let asked = 0;
  return (name, instructions, _language, prompts, finish) => {
    const answer = async () => {
      const answers: string[] = [];
      for (const prompt of prompts) {
        asked += 1;
        if (asked > promptLimit) {
          const detail = `${options.place} asks more than ${promptLimit} questions`;
          throw new TunnelMeshError("TM_SSH_AUTH", { detail });
        }
        answers.push(await options.paused(() => answerOne(prompt, `${name} ${instructions}`.trim(), options)));
      }
      finish(answers);
    };
    answer().catch(options.onError);
  };
}

async function answerOne({ prompt, echo }: Prompt, said: string, options: KeyboardOptions): Promise<string> {
  const { ask, place, secretKey, tries, onSecret } = options;
  const words = [said, prompt].map((text) => visible(text.trim(), textLimit)).filter((text) => text !== "");
  const question = `${place} asks: ${words.join(" ")} `;
  // A password stays the same for this run; a code from a telephone does not.
  if (echo === true || !/passw/i.test(prompt)) return ask(question);
  const attempt = await trySecret(ask, secretKey, question, tries);
  if (attempt === undefined) {
    throw new TunnelMeshError("TM_SSH_AUTH", { detail: `${place}: the password is not right` });
  }
  onSecret(attempt);
  return attempt.secret;
}
