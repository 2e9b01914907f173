// Waits until an SSH server greets: no login, only its first line (RFC 4253 section 4.2).
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** Connects once; true when the other side begins with "SSH-2.0-" within a second. */
function greets(address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port: 22 });
    let heard = "";
    const end = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(1000, () => end(false));
    socket.once("error", () => end(false));
    socket.once("close", () => end(false));
    socket.on("data", (bytes) => {
      heard += bytes.toString("latin1");
      if (heard.length >= 8) end(heard.startsWith("SSH-2.0-"));
    });
  });
}

/** A process that becomes another program shows no command line for a moment: it takes this many noes in a row. */
const deadAfter = 5;

/** Tries until sshd greets; false after `milliseconds`, when `alive` keeps saying no, or when `signal` aborts. */
export async function waitForBanner(
  address: string,
  milliseconds: number,
  alive: () => Promise<boolean>,
  signal?: AbortSignal,
): Promise<boolean> {
  const end = performance.now() + milliseconds;
  let noes = 0;
  while (performance.now() < end && signal?.aborted !== true) {
    if (await greets(address)) return true;
    noes = (await alive()) ? 0 : noes + 1;
    if (noes === deadAfter) return false;
    await sleep(50);
  }
  return false;
}
