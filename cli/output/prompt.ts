// Questions on the terminal; whoever calls has made sure that there is one.
import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";

/** Asks for a yes; anything but y or yes is a no. */
export async function askYes(question: string, signal: AbortSignal): Promise<boolean> {
  return /^y(es)?$/i.test(await askText(`${question} (y/N) `, signal));
}

/** Shows an unknown host key as ssh does and asks whether it is right. */
export async function askHostKey(
  asked: { readonly target: string; readonly address: string; readonly fingerprint: string },
  signal: AbortSignal,
): Promise<boolean> {
  process.stderr.write(`The host ${asked.target} (${asked.address}) is not known. Its key is ${asked.fingerprint}\n`);
  return askYes("Is this the right key?", signal);
}

/** Asks for one line of text. */
export async function askText(question: string, signal: AbortSignal): Promise<string> {
  return (await ask(question, process.stderr, signal)).trim();
}

/** Asks for one line that is not shown, such as a passphrase. */
export async function askSecret(question: string, signal: AbortSignal): Promise<string> {
  try {
    return await ask(question, new Writable({ write: (_chunk, _encoding, done) => done() }), signal);
  } finally {
    process.stderr.write("\n");
  }
}

async function ask(question: string, output: NodeJS.WritableStream, signal: AbortSignal): Promise<string> {
  // From here on the terminal does not echo by itself, so the question comes after it.
  const terminal = createInterface({ input: process.stdin, output, terminal: true });
  // In raw mode Ctrl-C is a key: hand it to the process, whose handler aborts `signal`.
  terminal.on("SIGINT", () => process.kill(process.pid, "SIGINT"));
  try {
    if (output !== process.stderr) process.stderr.write(question);
    return await terminal.question(question, { signal });
  } finally {
    terminal.close();
  }
}
