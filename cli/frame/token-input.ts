// Where tm join takes a token from: an argument, the environment, stdin, or a question; and how it leaves no trace there.
import { TunnelMeshError } from "../../protocol/errors/error.ts";

export interface TokenInput {
  readonly argument: string | undefined;
  /** Its TM_JOIN_TOKEN is removed, so that nothing that tm starts inherits it. */
  readonly environment: Record<string, string | undefined>;
  readonly stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  /** Absent where nobody can answer. */
  readonly ask: (() => Promise<string>) | undefined;
  readonly signal: AbortSignal;
}

const variable = "TM_JOIN_TOKEN";
/** More than any token has. */
const inputLimit = 8192;
const patience = 60_000;

/** The text of the token, and whether it stood in the process list. @throws TunnelMeshError TM_USAGE when there is none */
export async function takeToken(input: TokenInput): Promise<{ readonly text: string; readonly exposed: boolean }> {
  const { argument, environment, stdin, ask } = input;
  const fromEnvironment = environment[variable];
  delete environment[variable];
  if (argument !== undefined && argument !== "-") {
    // ps shows the title from here on, in place of the arguments.
    process.title = "tm join";
    return { text: argument, exposed: true };
  }
  if (fromEnvironment !== undefined && fromEnvironment !== "") return { text: fromEnvironment, exposed: false };
  if (stdin.isTTY !== true) {
    const text = await readLine(stdin, input.signal);
    if (text !== "") return { text, exposed: false };
  } else if (ask !== undefined) return { text: await ask(), exposed: false };
  throw new TunnelMeshError("TM_USAGE", {
    detail: "there is no token",
    advice: [
      "Give it on stdin: tm join < FILE",
      "Or in the environment: TM_JOIN_TOKEN",
      "Or run it on a terminal, where it is asked for.",
    ],
  });
}

/** The first line, or all there is. */
async function readLine(stdin: NodeJS.ReadableStream, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    const settle = (end: () => void) => {
      clearTimeout(timer);
      signal.removeEventListener("abort", abort);
      stdin.pause();
      stdin.removeListener("data", take);
      end();
    };
    const abort = () => settle(() => reject(signal.reason));
    const late = () => settle(() => resolve(""));
    const timer = setTimeout(late, patience);
    const take = (chunk: Buffer) => {
      text += chunk.toString("latin1");
      if (text.includes("\n") || text.length > inputLimit) settle(() => resolve(text.split("\n")[0] ?? ""));
    };
    signal.addEventListener("abort", abort, { once: true });
    stdin.on("data", take);
    stdin.once("end", () => settle(() => resolve(text)));
    stdin.once("error", (error) => settle(() => reject(error)));
  });
}
