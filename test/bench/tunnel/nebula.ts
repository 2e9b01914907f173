// Nebula: certificates of an authority made for the run, every host known by its address.
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import path from "node:path";
import {
  absentPeers,
  type Contender,
  type Entrant,
  innerAddress,
  innerMtu,
  type Star,
  tunnelPort,
  waitFor,
} from "./contender.ts";
import { endsOf, enterStar, othersOf } from "./enter.ts";
import { startProcess } from "./process.ts";

export interface NebulaPrograms {
  readonly nebula: string;
  readonly certificates: string;
}

export function nebulaEntrant(version: string, programs: NebulaPrograms): Entrant {
  return { name: "nebula", version, many: true, start: async (star) => await startStar(programs, star) };
}

async function startStar({ nebula, certificates }: NebulaPrograms, star: Star): Promise<Contender> {
  return await enterStar("nebula", star, async ({ folder, processes }) => {
    const run = (...parameters: string[]): void => void execFileSync(certificates, parameters, { cwd: folder });
    run("ca", "-name", "bench");
    const ends = endsOf(star);
    for (const end of ends) {
      const { namespace, number } = end;
      run("sign", "-name", namespace, "-ip", `${innerAddress(star, number)}/24`);
      const others = othersOf(ends, end);
      const known = others.map((other) => [innerAddress(star, other.number), star.outer(other.namespace)] as const);
      const absent = Array.from({ length: absentPeers(others.length) }, (_, place) => {
        // Addresses in the outer network that nobody has.
        return [innerAddress(star, 100 + place), `198.18.141.${240 + place}`] as const;
      });
      const file = path.join(folder, `${namespace}.json`);
      writeFileSync(file, JSON.stringify(makeConfig(star, folder, namespace, [...known, ...absent])), { mode: 0o600 });
      processes.push(startProcess(star.network, namespace, [nebula, "-config", file]));
    }
    for (const { namespace, number } of ends) {
      await waitFor(`nebula in ${namespace}`, async () => {
        const { output } = await star.network.exec(namespace, "ip", "-4", "-o", "addr");
        return { done: output.includes(` ${innerAddress(star, number)}/`), said: output };
      });
    }
  });
}

/** Nebula reads YAML, of which JSON is a part. What is not said stays as Nebula has it by default, the cipher too. */
function makeConfig(star: Star, folder: string, name: string, hosts: readonly (readonly [string, string])[]): unknown {
  const port = tunnelPort + star.index;
  const all = [{ port: "any", proto: "any", host: "any" }];
  return {
    pki: {
      ca: path.join(folder, "ca.crt"),
      cert: path.join(folder, `${name}.crt`),
      key: path.join(folder, `${name}.key`),
    },
    static_host_map: Object.fromEntries(hosts.map(([inner, outer]) => [inner, [`${outer}:${port}`]])),
    lighthouse: { am_lighthouse: false, hosts: [] },
    listen: { host: "0.0.0.0", port },
    tun: { dev: `neb${star.index}`, mtu: innerMtu },
    firewall: { outbound: all, inbound: all },
    logging: { level: "error" },
  };
}
