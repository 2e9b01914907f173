// Says what this machine lacks for local hosts, before anything is made.
import { access, constants, readFile, stat, statfs } from "node:fs/promises";
import path from "node:path";
import { TunnelMeshError } from "../../../protocol/errors/error.ts";
import { attempt } from "./run.ts";

/** One thing that is missing, and the Debian package that brings it where there is one. */
interface Lack {
  readonly what: string;
  readonly package?: string;
}

const programs: readonly (readonly [program: string, from: string])[] = [
  ["systemd-nspawn", "systemd-container"],
  ["sshd", "openssh-server"],
  ["ssh-keygen", "openssh-client"],
  ["ip", "iproute2"],
  ["nft", "nftables"],
  ["sysctl", "procps"],
];

const overlayMagic = 0x794c7630;
const neededBytes = 512 * 1024 * 1024;

/**
 * Checks everything that local hosts need.
 * @throws TunnelMeshError TM_LOCAL_UNSUPPORTED that names all that is missing
 */
export async function checkMachine(state: string): Promise<void> {
  checkRoot();
  const lacks = [
    ...(await missingPrograms()),
    ...(await missingKernel()),
    ...(await wrongFolder(state)),
    ...(await splitRoot()),
  ];
  if (lacks.length > 0) refuse(lacks);
}

/**
 * Local hosts belong to root.
 * @throws TunnelMeshError TM_LOCAL_UNSUPPORTED when this process is not root
 */
export function checkRoot(): void {
  if (process.getuid?.() !== 0) refuse([{ what: "root (run tm with sudo)" }]);
}

function refuse(lacks: readonly Lack[]): never {
  const packages = [...new Set(lacks.flatMap((lack) => lack.package ?? []))];
  throw new TunnelMeshError("TM_LOCAL_UNSUPPORTED", {
    detail: `missing: ${lacks.map((lack) => lack.what).join("; ")}`,
    advice: [
      ...(packages.length === 0 ? [] : [`Install it: sudo apt-get install -y ${packages.join(" ")}`]),
      "Or use SshHost: it works with any machine that answers SSH.",
    ],
  });
}

async function missingPrograms(): Promise<Lack[]> {
  const lacks: Lack[] = [];
  for (const [program, from] of programs) {
    const folders = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];
    const found = await Promise.all(folders.map((folder) => isThere(path.join(folder, program), constants.X_OK)));
    if (!found.includes(true)) lacks.push({ what: program, package: from });
  }
  return lacks;
}

function isThere(file: string, mode = constants.F_OK): Promise<boolean> {
  return access(file, mode).then(
    () => true,
    () => false,
  );
}

async function missingKernel(): Promise<Lack[]> {
  const lacks: Lack[] = [];
  if (!(await hasOverlay()) && !((await attempt("modprobe", ["overlay"])).ok && (await hasOverlay()))) {
    lacks.push({ what: "overlay file system in the kernel" });
  }
  if (
    !(await isThere("/dev/net/tun")) &&
    !((await attempt("modprobe", ["tun"])).ok && (await isThere("/dev/net/tun")))
  ) {
    lacks.push({ what: "/dev/net/tun" });
  }
  if (!(await hasCapabilities())) lacks.push({ what: "capabilities of root (this container is not a privileged one)" });
  const map = (await readFile("/proc/self/uid_map", "utf8")).trim().split(/\s+/);
  if (map[2] !== "4294967295") lacks.push({ what: "real root (this is a container of an unprivileged user)" });
  return lacks;
}

/** CAP_NET_ADMIN, CAP_SYS_ADMIN and CAP_MKNOD, bits 12, 21 and 27 of capabilities(7). */
async function hasCapabilities(): Promise<boolean> {
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(await readFile("/proc/self/status", "utf8"))?.[1] ?? "0";
  return [12n, 21n, 27n].every((bit) => ((BigInt(`0x${effective}`) >> bit) & 1n) === 1n);
}

async function hasOverlay(): Promise<boolean> {
  return /\toverlay$/m.test(await readFile("/proc/filesystems", "utf8"));
}

async function wrongFolder(state: string): Promise<Lack[]> {
  let there = state;
  while (!(await isThere(there))) there = path.dirname(there);
  const found = await statfs(there);
  const lacks: Lack[] = [];
  if (/[,:\\\s]/.test(state)) lacks.push({ what: `a state folder without spaces, commas and colons, not ${state}` });
  if (found.type === overlayMagic) {
    lacks.push({ what: `a real file system for ${state} (it is on an overlay; mount a volume there)` });
  }
  if (found.bavail * found.bsize < neededBytes) lacks.push({ what: `512 MiB of free space at ${state}` });
  return lacks;
}

/** An overlay shows one file system: what is mounted below it would be empty inside. */
async function splitRoot(): Promise<Lack[]> {
  const root = await stat("/");
  const lacks: Lack[] = [];
  for (const folder of ["/usr", "/etc", "/var"]) {
    if ((await stat(folder)).dev !== root.dev) lacks.push({ what: `${folder} on the root file system` });
  }
  return lacks;
}
