// Measures what the services take on a host that has nothing to do: resident memory and processor time.
import { setTimeout as delay } from "node:timers/promises";
import { hostPaths } from "../../protocol/host/paths.ts";
import type { Project } from "../e2e/project.ts";
import { check } from "./command.ts";
import type { Measurement } from "./measurement.ts";

/** Length of one window, in milliseconds. */
const window = 5_000;

interface Usage {
  /** Of `performance.now()`. */
  readonly at: number;
  readonly residentMiB: number;
  readonly processorSeconds: number;
}

/** Agent and coordinator of `address`, over `runs` windows of 5 s without traffic. */
export async function measureResources(project: Project, address: string, runs: number): Promise<Measurement[]> {
  const paths = hostPaths(project.mesh);
  const services = [
    { name: "agent", unit: paths.agentUnit, memory: [] as number[], processor: [] as number[] },
    { name: "coordinator", unit: paths.coordinatorUnit, memory: [] as number[], processor: [] as number[] },
  ];
  let before = services.map(({ unit }) => readUsage(project, address, unit));
  for (let run = 0; run < runs; run += 1) {
    await delay(window);
    const after = services.map(({ unit }) => readUsage(project, address, unit));
    for (const [index, service] of services.entries()) {
      const [was, is] = [before[index], after[index]];
      if (was === undefined || is === undefined) continue;
      service.memory.push(is.residentMiB);
      service.processor.push((100 * (is.processorSeconds - was.processorSeconds)) / ((is.at - was.at) / 1000));
    }
    before = after;
  }
  return services.flatMap(({ name, memory, processor }): Measurement[] => [
    { name: `${name}: resident memory`, unit: "MiB", samples: memory },
    { name: `${name}: processor when idle`, unit: "%", samples: processor },
  ]);
}

function readUsage(project: Project, address: string, unit: string): Usage {
  const command = `pid=$(systemctl show -p MainPID --value ${unit}); awk '/^VmRSS/ {print $2}' /proc/$pid/status; cat /proc/$pid/stat; getconf CLK_TCK`;
  const [resident = "", stat = "", ticks = ""] = check(project, address, command).split("\n");
  // proc(5): utime and stime are fields 14 and 15; the name in field 2 may hold blanks.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const spent = Number(fields[11]) + Number(fields[12]);
  return { at: performance.now(), residentMiB: Number(resident) / 1024, processorSeconds: spent / Number(ticks) };
}
