// A wireguard-go tunnel between two namespaces of the bench.
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { publicKeyOf } from "../../protocol/noise/primitives.ts";
import type { TestNetwork } from "../agent/tunnel/network.ts";

/** Its control sockets lie in one folder for all namespaces, so names differ. */
const deviceOf = (member: string): string => `wg${process.pid % 1_000_000}${member}`;
const port = 51829;

/** Starts `program` in the namespaces a and b, 198.18.141.1 and .2, with an MTU of 1420. */
export async function startPair(
  network: TestNetwork,
  program: string,
): Promise<{ readonly address: string; readonly stop: () => void }> {
  const folder = mkdtempSync(path.join(tmpdir(), "tm-pair-"));
  const keys = [randomBytes(32), randomBytes(32)];
  const children = ["a", "b"].map((member) => {
    const inside = ["netns", "exec", network.nameOf(member), program, "--foreground", deviceOf(member)];
    return spawn("ip", inside, { stdio: "ignore", env: { ...process.env, WG_PROCESS_FOREGROUND: "1" } });
  });
  await new Promise((resolve) => setTimeout(resolve, 800));
  for (const [index, member] of ["a", "b"].entries()) {
    const file = path.join(folder, member);
    writeFileSync(file, keys[index]!.toString("base64"), { mode: 0o600 });
    const other = 1 - index;
    const publicKey = Buffer.from(publicKeyOf(keys[other]!)).toString("base64");
    const peer = ["peer", publicKey, "allowed-ips", "100.65.0.0/24", "endpoint", `198.18.141.${other + 1}:${port}`];
    const set = ["wg", "set", deviceOf(member), "listen-port", String(port), "private-key", file, ...peer];
    const { code, output } = await network.exec(member, ...set);
    if (code !== 0) throw new Error(`wg set gave ${code}: ${output}`);
    network.ip(member, "addr", "add", `100.65.0.${index + 1}/24`, "dev", deviceOf(member));
    network.ip(member, "link", "set", deviceOf(member), "mtu", "1420", "up");
  }
  return {
    address: "100.65.0.2",
    stop: () => {
      for (const child of children) child.kill("SIGKILL");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
