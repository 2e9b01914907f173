// tm ssh: this machine's own ssh to a member, with the host key that the mesh has signed.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { constants, homedir, tmpdir, userInfo } from "node:os";
import path from "node:path";
import { TunnelMeshError } from "../../../protocol/errors/error.ts";
import type { SshTarget } from "../ssh/connection.ts";
import { shellCommand } from "../ssh/quote.ts";
import { parseTarget } from "../ssh/target.ts";
import type { OpenShell } from "./around-contract.ts";
import { findMember } from "./members.ts";
import { findPlaces, sshTarget } from "./reach.ts";
import { type Run, withRun } from "./run.ts";

/** Files that ssh would try by itself, were no others named. */
const defaultFiles = ["id_ed25519", "id_ecdsa", "id_rsa"];

/** Opens a shell, or runs a command on this process's streams; see the contract. */
export const openShell: OpenShell = ({ name, command, onStart, ...context }) =>
  withRun(context, async (run) => {
    const hostKey = await signedHostKey(run, name);
    const member = await findMember(run, name);
    const target = sshTarget(member, await findPlaces({ ...run.model, members: [member] }, run.reachOptions));
    const folder = await mkdtemp(path.join(tmpdir(), "tm-ssh-"));
    try {
      const knownHosts = path.join(folder, "known_hosts");
      await writeFile(knownHosts, `${name} ${hostKey}\n`, { mode: 0o600 });
      const parameters = sshParameters({ name, target, knownHosts, identityFiles: identityFiles(run), command });
      await onStart?.();
      return { name, code: await runSsh(parameters, context.signal) };
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

/** What ssh is given: the key of `knownHosts` and nothing else is accepted, so it never asks about one (ssh_config(5)). */
export function sshParameters(shell: {
  readonly name: string;
  readonly target: SshTarget;
  readonly knownHosts: string;
  readonly identityFiles: readonly string[];
  readonly command: readonly string[];
}): string[] {
  const { user, host, port } = parseTarget(shell.target.target);
  const options = [
    `HostKeyAlias=${shell.name}`,
    `UserKnownHostsFile=${quoteFile(shell.knownHosts)}`,
    "GlobalKnownHostsFile=/dev/null",
    "StrictHostKeyChecking=yes",
    "CheckHostIP=no",
    "VerifyHostKeyDNS=no",
    "UpdateHostKeys=no",
    // Another source of host keys; older versions of ssh have no such option.
    "IgnoreUnknown=KnownHostsCommand",
    "KnownHostsCommand=none",
    ...shell.identityFiles.map((file) => `IdentityFile=${quoteFile(file)}`),
  ];
  const asked = shell.target.port ?? port;
  return [
    ...options.flatMap((option) => ["-o", option]),
    ...(asked === undefined ? [] : ["-p", `${asked}`]),
    ...(user === undefined ? [] : ["-l", user]),
    "--",
    host,
    ...(shell.command.length === 0 ? [] : [shellCommand(shell.command)]),
  ];
}

/** Percent signs would be tokens, and spaces would part it. */
function quoteFile(file: string): string {
  return `"${file.replaceAll("%", "%%")}"`;
}

async function signedHostKey(run: Run, name: string): Promise<string> {
  const { view } = await run.home.read();
  const member = [...(view?.members.values() ?? [])].find((one) => one.name === name);
  if (member !== undefined) return member.sshPublicKey;
  const described = run.model.members.some((one) => one.name === name);
  const code = view === undefined || described ? "TM_DEPLOY_NOT_DEPLOYED" : "TM_DEPLOY_UNKNOWN_NODE";
  throw new TunnelMeshError(code, { detail: view === undefined ? run.model.name : name });
}

/** The project's own keys, and then ssh's, which it would leave out when others are named. */
function identityFiles(run: Run): readonly string[] {
  const own = run.reachOptions.connectOptions.identityFiles ?? [];
  // ssh looks in the home folder of the password file, tm in the one that HOME names.
  if (own.length === 0 && homedir() === userInfo().homedir) return [];
  return [...own, ...defaultFiles.map((file) => path.join(homedir(), ".ssh", file)).filter((file) => existsSync(file))];
}

function runSsh(parameters: readonly string[], signal: AbortSignal): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn("ssh", parameters, { stdio: "inherit" });
    const stop = () => void child.kill("SIGTERM");
    signal.addEventListener("abort", stop, { once: true });
    child.once("error", (cause: NodeJS.ErrnoException) => {
      signal.removeEventListener("abort", stop);
      reject(cause.code === "ENOENT" ? new TunnelMeshError("TM_SSH_PROGRAM_MISSING", { cause }) : cause);
    });
    child.once("close", (code, ended) => {
      signal.removeEventListener("abort", stop);
      resolve(code ?? 128 + (ended === null ? 1 : constants.signals[ended]));
    });
  });
}
