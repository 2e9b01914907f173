// Measures one TCP stream between two hosts: over their direct link, through the mesh and, where it is installed, through wireguard-go.
import { readFileSync } from "node:fs";
import path from "node:path";
import { hostPaths } from "../../protocol/host/paths.ts";
import type { Project } from "../e2e/project.ts";
import { check } from "./command.ts";
import type { Ends, Link } from "./link.ts";
import type { Measurement } from "./measurement.ts";
import { startWireguard } from "./wireguard.ts";

const seconds = 4;
const port = 5201;

/** The links take turns, so that what else the machine does meets them all alike. */
export async function measureThroughput(project: Project, ends: Ends, runs: number): Promise<Measurement[]> {
  const measure = prepareStream(project, ends);
  const wireguard = startWireguard(project, ends);
  const links: Link[] = [
    { name: "direct link", address: ends.receiver },
    { name: "TunnelMesh", address: ends.receiverMesh },
    ...(wireguard === undefined ? [] : [wireguard]),
  ];
  const rates = new Map<string, number[]>(links.map(({ name }) => [name, []]));
  for (let run = 0; run < runs; run += 1) {
    for (const { name, address } of links) rates.get(name)?.push(measure(address) / 1e6);
  }
  const tunnel = rates.get("TunnelMesh") ?? [];
  return [
    ...links.map(({ name }): Measurement => ({ name: `TCP, ${name}`, unit: "Mbit/s", samples: rates.get(name) ?? [] })),
    ...links
      .filter(({ name }) => name !== "TunnelMesh")
      .map(({ name }): Measurement => {
        const others = rates.get(name) ?? [];
        const samples = tunnel.map((rate, run) => rate / (others[run] ?? Number.NaN));
        return { name: `TunnelMesh / ${name}`, unit: "×", samples };
      }),
  ];
}

/** Gives the function that sends for 4 s to an address of the receiver and says the bit/s that arrived there. */
function prepareStream(project: Project, ends: Ends): (address: string) => number {
  const has = (address: string) => project.on(address, "command -v iperf3").code === 0;
  if (has(ends.sender) && has(ends.receiver)) {
    check(project, ends.receiver, `systemd-run --quiet --collect iperf3 --server --port ${port}`);
    return (address) => {
      const command = `iperf3 --client ${address} --port ${port} --time ${seconds} --json`;
      const result = JSON.parse(check(project, ends.sender, command)) as {
        end: { sum_received: { bits_per_second: number } };
      };
      return result.end.sum_received.bits_per_second;
    };
  }
  const node = `${hostPaths(project.mesh).current}/node`;
  const source = readFileSync(path.join(import.meta.dirname, "stream.ts"), "utf8");
  const script = "/run/tm-bench-stream.ts";
  for (const address of [ends.sender, ends.receiver]) {
    check(project, address, `cat > ${script} <<'SOURCE'\n${source}\nSOURCE`);
  }
  check(project, ends.receiver, `systemd-run --quiet --collect ${node} ${script} receive ${port}`);
  check(
    project,
    ends.sender,
    `for i in $(seq 50); do true 2>/dev/null < /dev/tcp/${ends.receiver}/${port} && exit 0; sleep 0.1; done; exit 1`,
  );
  return (address) => Number(check(project, ends.sender, `${node} ${script} send ${address} ${port} ${seconds}`));
}
