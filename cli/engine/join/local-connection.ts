// This machine as a host: the connection that installing works through, with no SSH in between.
import { spawn } from "node:child_process";
import { connect } from "node:net";
import os from "node:os";
import { Duplex } from "node:stream";
import { TunnelMeshError } from "../../../protocol/errors/error.ts";
import type { HostConnection, RunOptions, RunResult } from "../ssh/connection.ts";
import { firstLine } from "../ssh/execute.ts";
import { quote } from "../ssh/quote.ts";
import { writeScript } from "../ssh/session.ts";
import { runLocally } from "./local-process.ts";

/** What a command on this machine finds in its environment: nothing that somebody gave to tm alone. */
export function commandEnvironment(environment: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const passed = ["PATH", "HOME", "USER", "LOGNAME", "LANG"].flatMap((name) => {
    const value = environment[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return Object.fromEntries(passed);
}

/** Copies between its own streams and a socket, for a socket that only root may open. The first byte says that it is open. */
const bridge = `const socket = require("node:net").connect(process.argv[1], () => { process.stdout.write("+"); process.stdin.pipe(socket); socket.pipe(process.stdout); });
socket.on("error", (error) => { process.stderr.write(error.message); process.exit(1); });
socket.on("close", () => process.exit(0));`;

/**
 * A connection to this machine. Where tm is not root, commands of root go through sudo, which must not ask: `becomeRoot` has seen to
 * that.
 * @param hostKey the key that this machine is known by, "ssh-ed25519 AAAA…"
 */
export function openLocalConnection(hostKey: string): HostConnection {
  const isRoot = process.getuid?.() === 0;
  const environment = commandEnvironment(process.env);
  const target = "this machine";
  const run = (command: string, options: RunOptions = {}): Promise<RunResult> => {
    const { root, ...rest } = options;
    const shell = ["sh", "-c", command] as const;
    const words = root === true && !isRoot ? (["sudo", "-n", "--", ...shell] as const) : shell;
    return runLocally({ ...rest, words, environment, title: `${target}: ${firstLine(command)}` });
  };
  const check = async (command: string, options: RunOptions = {}): Promise<string> => {
    const { code, stdout, stderr } = await run(command, options);
    if (code === 0) return stdout;
    const said = (stderr.trim() || stdout.trim()).slice(-2000);
    throw new TunnelMeshError("TM_SSH_COMMAND_FAILED", {
      detail: `${target}: "${firstLine(command)}" ended with ${code}${said === "" ? "" : `: ${said}`}`,
    });
  };
  return {
    target,
    address: "127.0.0.1",
    viaProxy: false,
    user: os.userInfo().username,
    hostKey,
    run,
    check,
    async writeFile(file, content, { mode, owner, signal }) {
      const options = { root: true, stdin: content, ...(signal === undefined ? {} : { signal }) };
      await check(writeScript(file, mode, owner), options);
    },
    openSocket: (file, signal) => (isRoot ? openDirectly(file, signal) : openThroughSudo(file, environment, signal)),
    close() {},
  };
}

/** Makes sure that this process may act as root without being asked again. @throws TunnelMeshError TM_MEMBER_NOT_ROOT */
export async function becomeRoot(interactive: boolean, command: string): Promise<void> {
  if (process.getuid?.() === 0) return;
  const environment = commandEnvironment(process.env);
  const may = async () => (await sudo(["-n", "true"], environment, "ignore")) === 0;
  if (await may()) return;
  // sudo asks on the terminal itself, and remembers the answer for what follows.
  if (interactive && (await sudo(["-v"], environment, "inherit")) === 0 && (await may())) return;
  throw new TunnelMeshError("TM_MEMBER_NOT_ROOT", { advice: [`Run it as root: sudo ${command}`] });
}

function sudo(
  parameters: readonly string[],
  env: Record<string, string>,
  stdio: "ignore" | "inherit",
): Promise<number> {
  return new Promise((resolve) => {
    const child = spawn("sudo", parameters, { env, stdio });
    child.once("error", () => resolve(-1));
    child.once("close", (code) => resolve(code ?? -1));
  });
}

function openDirectly(file: string, signal: AbortSignal | undefined): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path: file, ...(signal === undefined ? {} : { signal }) });
    const refuse = (cause: Error) => {
      if (signal?.aborted) return reject(signal.reason);
      reject(new TunnelMeshError("TM_SSH_SOCKET", { detail: `${file}: ${cause.message}`, cause }));
    };
    socket.once("error", refuse);
    socket.once("connect", () => {
      socket.off("error", refuse);
      resolve(socket);
    });
  });
}

function openThroughSudo(
  file: string,
  environment: Record<string, string>,
  signal: AbortSignal | undefined,
): Promise<Duplex> {
  const command = `exec ${[process.execPath, "-e", bridge, file].map(quote).join(" ")}`;
  const child = spawn("sudo", ["-n", "--", "sh", "-c", command], { env: environment });
  return new Promise((resolve, reject) => {
    let said = "";
    child.stderr.on("data", (chunk: Buffer) => {
      said = (said + chunk.toString("utf8")).slice(-500);
    });
    const abort = () => child.stdin.destroy();
    signal?.addEventListener("abort", abort, { once: true });
    child.once("error", reject);
    child.once("close", () => {
      signal?.removeEventListener("abort", abort);
      reject(signal?.aborted ? signal.reason : new TunnelMeshError("TM_SSH_SOCKET", { detail: `${file}: ${said}` }));
    });
    const read = () => {
      if ((child.stdout.read(1) as Buffer | null) === null) return;
      child.stdout.removeListener("readable", read);
      resolve(Duplex.from({ readable: child.stdout, writable: child.stdin }));
    };
    child.stdout.on("readable", read);
  });
}
