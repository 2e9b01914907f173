// A sandbox of another release, as this one sees it: it has the name, serves the folder and answers, but not what is asked.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { SandboxPlace } from "../../../../cli/engine/sandbox/place.ts";

const program = `import { createServer } from "node:http";
const server = createServer((_, response) => response.writeHead(404).end("{}"));
server.listen(Number(process.env.PORT), "127.0.0.1", () => console.log(server.address().port));
process.once("SIGTERM", () => process.exit(0));
`;

/** Starts it from `checkout`, on `port` or any; ends with the test at the latest. */
export async function startOtherRelease(place: SandboxPlace, checkout: string, port = 0) {
  mkdirSync(checkout, { recursive: true });
  const file = path.join(checkout, "sandbox-cloud.mjs");
  writeFileSync(file, program);
  const env = { ...process.env, TM_SANDBOX_DIR: place.folder, PORT: String(port) };
  const child = spawn(process.execPath, [file], { env, stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(child, "exit");
  const [said] = (await once(child.stdout, "data")) as [Buffer];
  return {
    pid: child.pid!,
    program: file,
    url: `http://127.0.0.1:${said.toString().trim()}`,
    ended,
    async [Symbol.asyncDispose](): Promise<void> {
      child.kill("SIGKILL");
      await ended;
    },
  };
}
