// Measures the life of a mesh of three local hosts: deployed, deployed again, one member more, used, destroyed.
import type { StatusResult } from "../../cli/engine/deploy/contract.ts";
import { Project } from "../e2e/project.ts";
import { check, killRunning, timeCommand } from "./command.ts";
import { endOnInterrupt } from "./interrupt.ts";
import type { Measurement } from "./measurement.ts";
import { measureResources } from "./resources.ts";
import { measureThroughput } from "./throughput.ts";

const members = `  const all = mesh.group("all");
  mesh.coordinator("alpha", new LocalHost(), { groups: [all] });
  mesh.node("beta", new LocalHost(), { groups: [all] });
  mesh.node("gamma", new LocalHost(), { groups: [all] });
  mesh.allow(all, all, icmp, tcp(22));`;

/** Deploys with no change in each life. */
const repeats = 3;

export interface MeshParameters {
  /** Lives from the first deploy to destroy. */
  readonly lives: number;
  /** Samples of memory, processor and throughput, in the last life. */
  readonly runs: number;
  readonly report: (text: string) => void;
}

export async function measureMesh({ lives, runs, report }: MeshParameters): Promise<Measurement[]> {
  const times = { fresh: [] as number[], unchanged: [] as number[], added: [] as number[], destroyed: [] as number[] };
  const use: Measurement[] = [];
  for (let life = 1; life <= lives; life += 1) {
    await withProject(`bench${life}`, async (project) => {
      report(`mesh ${life} of ${lives}: deploying three fresh hosts`);
      times.fresh.push(await timeCommand(project, ["deploy", "--yes"]));
      report(`mesh ${life} of ${lives}: deploying with no change`);
      for (let run = 0; run < repeats; run += 1) {
        times.unchanged.push(await timeCommand(project, ["deploy", "--yes"]));
      }
      report(`mesh ${life} of ${lives}: adding a prepared host`);
      times.added.push(await timeAddNode(project));
      if (life === lives) use.push(...(await measureUse(project, runs, report)));
      report(`mesh ${life} of ${lives}: destroying`);
      times.destroyed.push(await timeCommand(project, ["destroy", "--yes"]));
    });
  }
  return [
    { name: "deploy of three fresh hosts", unit: "s", samples: times.fresh, limit: 180 },
    { name: "deploy with no change", unit: "s", samples: times.unchanged, limit: 5 },
    { name: "add-node of a prepared host", unit: "s", samples: times.added, limit: 20 },
    { name: "destroy", unit: "s", samples: times.destroyed },
    ...use,
  ];
}

/** Prepared: the host is there and answers SSH, and knows nothing of the mesh. */
async function timeAddNode(project: Project): Promise<number> {
  await timeCommand(project, ["local", "up", "delta", "--network", project.mesh, "--key", `${project.key}.pub`]);
  const { delta = "" } = await project.addresses();
  const hostKey = check(project, delta, "cat /etc/ssh/ssh_host_ed25519_key.pub");
  return timeCommand(project, ["add-node", `root@${delta}`, "--name", "delta", "--host-key", hostKey]);
}

async function measureUse(project: Project, runs: number, report: (text: string) => void): Promise<Measurement[]> {
  const { alpha = "", beta = "", gamma = "" } = await project.addresses();
  report("memory and idle processor of agent and coordinator");
  const resources = await measureResources(project, alpha, runs);
  const { hosts } = await project.json<StatusResult>(["status"]);
  const agent = hosts.find(({ name }) => name === "gamma")?.agent;
  if (agent?.ip4 === undefined) throw new Error("gamma has no mesh address");
  const ends = { sender: beta, receiver: gamma, receiverMesh: agent.ip4, interface: agent.interface };
  report("throughput between two hosts");
  return [...resources, ...(await measureThroughput(project, ends, runs))];
}

/** A project of its own that is taken away with its hosts, also after a failure or an interrupt. */
async function withProject(purpose: string, measure: (project: Project) => Promise<void>): Promise<void> {
  const project = new Project(purpose).create(members);
  let removed: Promise<void> | undefined;
  const remove = (): Promise<void> => {
    removed ??= project.remove();
    return removed;
  };
  const disarm = endOnInterrupt(async () => {
    killRunning();
    await remove();
  });
  try {
    await measure(project);
  } finally {
    await remove();
    disarm();
  }
}
