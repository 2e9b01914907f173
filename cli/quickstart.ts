// npm run quickstart: installs what it needs, deploys stacks/quickstart.ts to three local hosts, proves the mesh, says what to try next.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import path from "node:path";
import { createLocalHosts } from "./engine/local/hosts.ts";
import { connectHost } from "./engine/ssh/connect.ts";

const root = path.resolve(import.meta.dirname, "..");
const key = path.join(root, "keys/quickstart");
const stack = "stacks/quickstart.ts";
const mesh = "quickstart-main";

/** Programs that local hosts need, and the Debian package of each. */
const programs: readonly (readonly [program: string, debianPackage: string])[] = [
  ["/usr/bin/systemd-nspawn", "systemd-container"],
  ["/usr/sbin/sshd", "openssh-server"],
  ["/usr/bin/ssh-keygen", "openssh-client"],
  ["/usr/sbin/ip", "iproute2"],
  ["/usr/sbin/nft", "nftables"],
  ["/usr/bin/ping", "iputils-ping"],
];

refuseWithoutRoot();
installPrograms();
makeKey();
run("sh", [path.join(root, "tm"), "deploy", stack, "--yes", "--stage", "main", "--admin-key", key]);
await proveMesh();
sayWhatNext();

function refuseWithoutRoot(): void {
  if (process.getuid?.() === 0) return;
  stop("The quickstart makes three small hosts on this machine, which needs root.", "sudo npm run quickstart");
}

function installPrograms(): void {
  const missing = programs.filter(([program]) => !existsSync(program)).map(([, name]) => name);
  if (missing.length === 0) return;
  if (!existsSync("/usr/bin/apt-get")) {
    stop(`These programs are missing: ${missing.join(", ")}.`, "install them, then npm run quickstart");
  }
  process.stdout.write(`Installing ${missing.join(", ")}\n`);
  const environment = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  run("apt-get", ["update", "-qq"], environment);
  run("apt-get", ["install", "-y", "-qq", "--no-install-recommends", ...missing], environment, "ignore");
}

function makeKey(): void {
  if (existsSync(key)) return;
  mkdirSync(path.dirname(key), { recursive: true, mode: 0o700 });
  run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "quickstart", "-f", key]);
}

async function proveMesh(): Promise<void> {
  const hosts = await createLocalHosts().list(mesh);
  process.stdout.write("\nThe proof: each host pings the next one by name, through the tunnel.\n");
  for (const [index, host] of hosts.entries()) {
    const next = hosts[(index + 1) % hosts.length];
    if (next === undefined || next.name === host.name) continue;
    const connection = await connectHost(
      { target: `root@${host.address}`, port: 22, hostKey: host.hostKey },
      { identityFiles: [key] },
    );
    try {
      const command = `ping -c 3 -i 0.2 -W 2 ${next.name}.mesh`;
      process.stdout.write(`\n${host.name}# ${command}\n${await connection.check(command)}`);
    } finally {
      connection.close();
    }
  }
}

function sayWhatNext(): void {
  process.stdout.write(`
Your mesh is up. Try next:
  ./tm status                      who is there, and how they reach each other
  ./tm ping gamma --from alpha     sealed pings from one agent to another
  ./tm add-node user@host          one more machine, over SSH, with the keys that are there
  ssh -i keys/quickstart root@...  look around on a host; ./tm local list shows the addresses
  ./tm destroy                     leaves the machine as it was
`);
}

function run(
  program: string,
  parameters: readonly string[],
  environment: NodeJS.ProcessEnv = process.env,
  stdout: "inherit" | "ignore" = "inherit",
): void {
  const { status, error } = spawnSync(program, parameters, {
    cwd: root,
    stdio: ["inherit", stdout, "inherit"],
    env: environment,
  });
  if (error !== undefined) throw error;
  if (status !== 0) process.exit(status ?? 1);
}

function stop(reason: string, advice: string): never {
  process.stderr.write(`${reason}\nTry this: ${advice}\n`);
  process.exit(64);
}
