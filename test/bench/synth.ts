// Measures how long a stack of a hundred droplets takes to become Terraform, in a program of its own each time; the bytes have to be the same.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { Droplet, icmp, tcp } from "../../constructs/index.ts";
import { terraformOf } from "../../constructs/terraform.ts";
import { office, synth } from "../constructs/mesh.ts";
import type { Measurement } from "./measurement.ts";

const nodes = 100;
const limit = 1_000;

/** @throws Error when two runs differ in a byte */
export function measureSynth(runs: number): Measurement[] {
  const taken = Array.from({ length: runs }, synthesizeElsewhere);
  const digests = new Set(taken.map(({ digest }) => digest));
  if (digests.size > 1) throw new Error(`the same stack became ${digests.size} different files`);
  return [{ name: `Terraform of ${nodes} droplets`, unit: "ms", samples: taken.map(({ took }) => took), limit }];
}

interface Taken {
  /** Milliseconds. */
  readonly took: number;
  readonly digest: string;
}

function synthesizeElsewhere(): Taken {
  const { status, stdout, stderr } = spawnSync(process.execPath, [...process.execArgv, import.meta.filename], {
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`synthesis ended with ${status}: ${stderr}`);
  return JSON.parse(stdout) as Taken;
}

async function synthesizeHere(): Promise<Taken> {
  const regions = ["ams3", "fra1", "lon1", "nyc3", "sgp1"] as const;
  const stack = office((mesh) => {
    const servers = mesh.group("servers");
    for (let index = 0; index < nodes; index += 1) {
      const host = new Droplet({
        ...{
          region: regions[index % regions.length]!,
          size: "s-1vcpu-1gb",
          ssh: [`203.0.113.${index % 7}/32`] as const,
        },
        ...{ reservedIp: index % 10 === 0, volume: { gib: 5, mount: "/srv/data" } },
      });
      if (index === 0) mesh.coordinator("hub", host);
      else mesh.node(`server${index}`, host, { groups: [servers] });
    }
    mesh.allow(servers, servers, icmp, tcp(22, 443));
    return undefined;
  });
  const started = performance.now();
  const text = JSON.stringify(terraformOf(await synth(stack)));
  const took = performance.now() - started;
  if (Object.keys(JSON.parse(text).resource.digitalocean_droplet).length !== nodes)
    throw new Error("droplets are missing");
  return { took, digest: createHash("sha256").update(text).digest("hex") };
}

if (process.argv[1] === import.meta.filename) process.stdout.write(JSON.stringify(await synthesizeHere()));
