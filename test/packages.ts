// The Debian packages that the labs and the end-to-end tests need: installed when root, else named.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";

/** A program each package is known by. */
const programs: readonly (readonly [debianPackage: string, program: string])[] = [
  ["fish", "/usr/bin/fish"],
  ["git", "/usr/bin/git"],
  ["iperf3", "/usr/bin/iperf3"],
  ["iproute2", "/usr/bin/ip"],
  ["iputils-ping", "/usr/bin/ping"],
  ["libgcc-s1-arm64-cross", "/usr/aarch64-linux-gnu/lib/libgcc_s.so.1"],
  ["libstdc++6-arm64-cross", "/usr/aarch64-linux-gnu/lib/libstdc++.so.6"],
  ["nftables", "/usr/sbin/nft"],
  ["openssh-client", "/usr/bin/ssh-keygen"],
  ["openssh-server", "/usr/sbin/sshd"],
  ["postgresql", "/usr/share/doc/postgresql"],
  ["procps", "/usr/bin/pgrep"],
  ["qemu-user-static", "/usr/bin/qemu-aarch64-static"],
  ["sudo", "/usr/bin/sudo"],
  ["systemd-container", "/usr/bin/systemd-nspawn"],
  ["tcpdump", "/usr/bin/tcpdump"],
  ["wireguard-go", "/usr/bin/wireguard-go"],
  ["wireguard-tools", "/usr/bin/wg"],
  ["zsh", "/usr/bin/zsh"],
];

/** Installs what is missing when this is root on Debian; otherwise says what to install and goes on only when nothing is missing. */
export async function installPackages(needed: boolean): Promise<void> {
  if (!needed) return;
  const missing = programs.filter(([, program]) => !existsSync(program)).map(([name]) => name);
  if (missing.length === 0) return;
  const line = `apt-get install -y ${missing.join(" ")}`;
  if (process.getuid?.() !== 0 || !existsSync("/usr/bin/apt-get")) {
    process.stderr.write(`These tests need root and: ${line}\nWithout root: npm test -- --only check,unit\n`);
    process.exit(64);
  }
  process.stderr.write(`installing ${missing.join(", ")}\n`);
  const environment = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  for (const command of [
    ["update", "-qq"],
    ["install", "-y", "-qq", "--no-install-recommends", ...missing],
  ]) {
    const { status } = spawnSync("apt-get", command, { stdio: ["ignore", "ignore", "inherit"], env: environment });
    if (status !== 0) {
      process.stderr.write(`apt-get ${command.join(" ")} failed; run it by hand, then npm test again\n`);
      process.exit(1);
    }
  }
}
