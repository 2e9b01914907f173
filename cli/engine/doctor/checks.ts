// What tm needs on this machine, as a list of checks.
import { accessSync, constants } from "node:fs";
import path from "node:path";

export interface Check {
  readonly name: string;
  readonly state: "ok" | "missing" | "old";
  /** What it is for, or what was found. */
  readonly detail: string;
  readonly advice?: string;
}

export interface Machine {
  /** "linux", "darwin" */
  readonly platform: string;
  /** "v24.21.0" */
  readonly nodeVersion: string;
  /** Effective user id; undefined where there is none. */
  readonly user: number | undefined;
  /** PATH. */
  readonly path: string;
}

interface Program {
  readonly name: string;
  readonly why: string;
  readonly debian: string;
}

const everywhere: readonly Program[] = [
  { name: "ssh-keygen", why: "signs where the admin key is in an agent", debian: "openssh-client" },
];
const forLocalHosts: readonly Program[] = [
  { name: "systemd-nspawn", why: "runs local hosts", debian: "systemd-container" },
  { name: "sshd", why: "answers SSH in local hosts", debian: "openssh-server" },
  { name: "ip", why: "makes the networks of local hosts", debian: "iproute2" },
  { name: "nft", why: "makes the NATs of local hosts", debian: "nftables" },
];

/** Looks only; starts nothing. Local hosts are checked on Linux alone: elsewhere there are none. */
export function checkMachine(machine: Machine): Check[] {
  const local = machine.platform === "linux";
  return [
    checkNode(machine.nodeVersion),
    ...[...everywhere, ...(local ? forLocalHosts : [])].map((program) => checkProgram(program, machine.path)),
    ...(local ? [checkRoot(machine.user)] : []),
  ];
}

function checkNode(version: string): Check {
  const [major = 0, minor = 0] = version.slice(1).split(".").map(Number);
  if (major > 22 || (major === 22 && minor >= 18)) return { name: "node", state: "ok", detail: version };
  return { name: "node", state: "old", detail: version, advice: "Install Node 24, or run ./tm in a clone." };
}

function checkProgram({ name, why, debian }: Program, searchPath: string): Check {
  // sbin is not in everybody's PATH, and root finds it anyway.
  const folders = [...searchPath.split(path.delimiter), "/usr/sbin", "/sbin"].filter((folder) => folder !== "");
  const found = folders.map((folder) => path.join(folder, name)).find(isExecutable);
  if (found !== undefined) return { name, state: "ok", detail: found };
  return { name, state: "missing", detail: why, advice: `apt-get install -y ${debian}` };
}

function checkRoot(user: number | undefined): Check {
  if (user === 0) return { name: "root", state: "ok", detail: "local hosts can be made" };
  return {
    name: "root",
    state: "missing",
    detail: "local hosts are made as root",
    advice: "Run tm as root for local hosts.",
  };
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch (error) {
    if (["ENOENT", "EACCES", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "")) return false;
    throw error;
  }
}
