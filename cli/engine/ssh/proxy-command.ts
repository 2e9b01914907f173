// Runs a ProxyCommand and makes one stream of its input and output.
import { spawn } from "node:child_process";
import { Duplex } from "node:stream";
import { visibleLines } from "./visible.ts";

const stderrLimit = 2000;

/** The command, in the user's shell as ssh runs it; it ends with the stream, and its failure is the stream's error. */
export function startProxyCommand(command: string): Duplex {
  // Its own process group: the shell may start others, and all of them are to end.
  const child = spawn(process.env["SHELL"] || "/bin/sh", ["-c", `exec ${command}`], {
    stdio: ["pipe", "pipe", "pipe"],
    detached: true,
  });
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => {
    if (said.length < stderrLimit) said += chunk.toString("utf8");
  });
  const { stdin, stdout } = child;
  const stream = new Duplex({
    read: () => void stdout.resume(),
    write: (chunk: Buffer, _encoding, done) => void stdin.write(chunk, done),
    final: (done) => void stdin.end(done),
    destroy(error, done) {
      end(child.pid);
      done(error);
    },
  });
  stdout.on("data", (chunk: Buffer) => {
    if (!stream.push(chunk)) stdout.pause();
  });
  // Whoever writes learns it from the command's end.
  stdin.on("error", () => undefined);
  // The SSH library listens from the handshake on; without anybody an error would end the process.
  stream.on("error", () => undefined);
  child.once("error", (error) => stream.destroy(error));
  child.once("close", (code, signal) => {
    if (stream.destroyed) return;
    const text = visibleLines(said.trim(), stderrLimit);
    if (code === 0) stream.push(null);
    else stream.destroy(new Error(`ProxyCommand ended with ${code ?? signal}${text === "" ? "" : `: ${text}`}`));
  });
  return stream;
}

function end(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGTERM");
  } catch (error) {
    // It has ended by itself.
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
