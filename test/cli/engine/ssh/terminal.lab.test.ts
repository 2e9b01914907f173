// Who is asked, and where nobody is: real terminals, pipes and closed inputs before a real sshd.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createSshLab, type SshLab, type SshServer } from "./sshd.ts";

let lab: SshLab;
let server: SshServer;
beforeEach(async () => {
  lab = createSshLab();
  server = await lab.startServer();
  lab.write(".ssh/known_hosts", "");
});
afterEach(() => lab.close());

type Start = (words: readonly string[]) => readonly [string, readonly string[]];
const onTerminal: Start = (words) => ["script", ["-qec", words.map((word) => `'${word}'`).join(" "), "/dev/null"]];
const inPipe: Start = (words) => [words[0]!, words.slice(1)];
const withoutInput: Start = (words) => ["sh", ["-c", `exec ${words.map((word) => `'${word}'`).join(" ")} <&-`]];

/** Types each answer once its question is there. */
const run = (
  start: Start,
  flags: readonly string[],
  answers: readonly (readonly [RegExp, string])[] = [],
  ci = false,
) =>
  new Promise<string>((resolve) => {
    const fixture = path.join(import.meta.dirname, "ask.ts");
    const target = [`${lab.user}@127.0.0.1`, `${server.port}`, lab.home];
    const node = [process.execPath, "--conditions=tunnelmesh-source", fixture, ...target, ...flags];
    const { SSH_AUTH_SOCK: _agent, CI: _ci, ...environment } = process.env;
    const child = spawn(...(start(node) as [string, string[]]), {
      env: { ...environment, ...(ci ? { CI: "true" } : {}) },
      stdio: ["pipe", "pipe", "pipe"],
      timeout: 20_000,
    });
    const waiting = [...answers];
    let screen = "";
    const hear = (chunk: Buffer) => {
      screen += chunk.toString("utf8");
      if (waiting[0]?.[0].test(screen)) child.stdin.write(waiting.shift()?.[1] ?? "");
    };
    child.stdout.on("data", hear);
    child.stderr.on("data", hear);
    child.stdin.on("error", () => undefined);
    // An answer that waits in a pipe is none.
    if (start === inPipe) child.stdin.end("yes\nyes\n");
    child.once("close", () => resolve(screen));
  });
const knownHosts = () => readFileSync(path.join(lab.home, ".ssh/known_hosts"), "utf8");

describe("an unknown host key", () => {
  it("is asked about on a terminal, refused after a no, kept after a yes", async () => {
    expect(await run(onTerminal, [], [[/\(y\/N\) /, "n\n"]])).toContain("TM_SSH_HOST_KEY_UNKNOWN");
    expect(knownHosts()).toBe("");
    const screen = await run(onTerminal, [], [[/\(y\/N\) /, "y\n"]]);
    expect(screen).toContain("SHA256:");
    expect(screen).toContain("CONNECTED");
    expect(knownHosts()).toContain(server.hostKeys[0]);
  });

  it.each([
    ["on a terminal with --yes", onTerminal, ["--yes"], false],
    ["on a terminal with --no-input", onTerminal, ["--no-input"], false],
    ["with --json", onTerminal, ["--json"], false],
    ["with yes in a pipe", inPipe, [], false],
    ["with yes in a pipe and --yes", inPipe, ["--yes"], true],
    ["with a closed input", withoutInput, ["--yes"], false],
    ["with a closed input in CI", withoutInput, [], true],
  ] as const)("is never accepted %s", async (_name, start, flags, ci) => {
    lab.write(".ssh/config", "StrictHostKeyChecking no\nHashKnownHosts no\n");
    const screen = await run(start, flags, [], ci);
    expect(screen).toContain("TM_SSH_HOST_KEY_UNKNOWN");
    expect(screen).not.toContain("(y/N)");
    expect(knownHosts()).toBe("");
  });
});

describe("a passphrase", () => {
  it("is asked on a terminal and not shown, and nowhere else", async () => {
    const file = path.join(lab.folder, "locked");
    lab.authorize(lab.makeKey(file, { passphrase: "correct horse" }));
    lab.write(".ssh/config", `IdentityFile ${file}\n`);
    lab.write(".ssh/known_hosts", `[127.0.0.1]:${server.port} ${server.hostKeys[0]}\n`);
    const screen = await run(onTerminal, [], [[/Passphrase for /, "correct horse\n"]]);
    expect(screen).toContain("CONNECTED");
    expect(screen).not.toContain("correct horse");
    for (const [start, flags] of [
      [onTerminal, ["--no-input"]],
      [inPipe, []],
      [withoutInput, []],
    ] as const) {
      expect(await run(start, flags)).toMatch(/TM_SSH_AUTH/);
    }
  });
});
