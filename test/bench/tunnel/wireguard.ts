// Programs that speak WireGuard and are set with wg: wireguard-go and boringtun-cli.
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { publicKeyOf } from "../../../protocol/noise/primitives.ts";
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

interface End {
  readonly namespace: string;
  readonly number: number;
  /** Its control socket lies in one folder for all namespaces. */
  readonly device: string;
  readonly secret: Buffer;
}

/** `parameters` come before the interface's name. */
export function wireguardEntrant(
  name: string,
  version: string,
  program: string,
  parameters: readonly string[],
): Entrant {
  return { name, version, many: true, start: async (star) => await startStar(name, program, parameters, star) };
}

async function startStar(name: string, program: string, parameters: readonly string[], star: Star): Promise<Contender> {
  return await enterStar(name, star, async ({ folder, processes }) => {
    const ends = endsOf(star).map((end): End => {
      const device = `w${process.pid % 1_000_000}i${star.index}n${end.number}`;
      return { ...end, device, secret: randomBytes(32) };
    });
    for (const { namespace, device } of ends) {
      processes.push(startProcess(star.network, namespace, [program, ...parameters, device]));
    }
    for (const end of ends) await configure(star, ends, end, folder);
  });
}

async function configure(star: Star, ends: readonly End[], end: End, folder: string): Promise<void> {
  const { network, index } = star;
  const { namespace, number, device, secret } = end;
  const file = path.join(folder, device);
  writeFileSync(file, secret.toString("base64"), { mode: 0o600 });
  const others = othersOf(ends, end);
  const port = tunnelPort + index;
  const peer = (key: Uint8Array, inner: number): string[] => [
    ...["peer", Buffer.from(publicKeyOf(key)).toString("base64"), "allowed-ips", `${innerAddress(star, inner)}/32`],
  ];
  const peers = others.flatMap((other) => [
    ...peer(other.secret, other.number),
    ...["endpoint", `${star.outer(other.namespace)}:${port}`],
  ]);
  const absent = Array.from({ length: absentPeers(others.length) }, (_, place) => peer(randomBytes(32), 100 + place));
  const set = ["wg", "set", device, "listen-port", String(port), "private-key", file, ...peers, ...absent.flat()];
  await waitFor(`wg set on ${device}`, async () => {
    const { code, output } = await network.exec(namespace, ...set);
    return { done: code === 0, said: output };
  });
  network.ip(namespace, "addr", "add", `${innerAddress(star, number)}/24`, "dev", device);
  network.ip(namespace, "link", "set", device, "mtu", String(innerMtu), "up");
}
