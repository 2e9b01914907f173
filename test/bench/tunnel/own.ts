// TunnelMesh's own tunnel: the agent's packet side in a process of its own, directly over UDP or through a relay.
import { execFileSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { publicKeyOf } from "../../../protocol/noise/primitives.ts";
import { TestRelay } from "../../agent/tunnel/relay.ts";
import type { TunnelConfig, TunnelPeerConfig } from "../../fixtures/tunnel-config.ts";
import { unitFlags } from "../unit-flags.ts";
import { absentPeers, type Contender, type Entrant, innerAddress, type Star, tunnelPort } from "./contender.ts";
import { endsOf, enterStar, othersOf } from "./enter.ts";
import { type Process, startProcess } from "./process.ts";

export interface OwnChoice {
  readonly backend: "native" | "portable";
  /** As `parseOffloads` reads them. */
  readonly offloads: string;
  readonly relayed: boolean;
  /** Of the native data plane. */
  readonly threads: number;
  /** Checkout whose tunnel is run. */
  readonly checkout: string;
}

export function ownEntrant(name: string, version: string, choice: OwnChoice): Entrant {
  const { relayed, backend } = choice;
  const many = !relayed && backend === "native";
  return { name, version, many, start: async (star) => await startStar(name, choice, star) };
}

interface End {
  readonly namespace: string;
  readonly number: number;
  readonly x25519: Buffer;
  readonly ctl: Buffer;
}

async function startStar(name: string, choice: OwnChoice, star: Star): Promise<Contender> {
  return await enterStar(name, star, async ({ folder, processes, endings }) => {
    const relay = choice.relayed ? new TestRelay({ keep: false }) : undefined;
    if (relay !== undefined) {
      endings.push(async () => await relay.stop());
      await relay.start();
      for (const { namespace } of endsOf(star)) closeDirectWay(star, namespace);
    }
    const ends = endsOf(star).map((end): End => ({ ...end, x25519: randomBytes(32), ctl: randomBytes(32) }));
    const psk = randomBytes(32).toString("hex");
    for (const end of ends) {
      const config = makeConfig(star, choice, end, othersOf(ends, end), psk);
      const file = path.join(folder, `${end.namespace}.json`);
      writeFileSync(file, JSON.stringify(relay === undefined ? config : { ...config, relay: relay.path }), {
        mode: 0o600,
      });
      processes.push(await startTunnel(star, choice, end, file));
    }
  });
}

/** Ends of a relayed tunnel tell each other their addresses and would go there. */
function closeDirectWay({ network, index }: Star, namespace: string): void {
  const rule = `add rule inet bench out udp dport ${tunnelPort + index} drop`;
  execFileSync("ip", ["netns", "exec", network.nameOf(namespace), "nft", rule]);
}

async function startTunnel(star: Star, { checkout }: OwnChoice, end: End, file: string): Promise<Process> {
  const program = path.join(checkout, "test/fixtures/tunnel.ts");
  const flags = [...unitFlags, "--conditions=tunnelmesh-source"];
  // More flags, to profile: --cpu-prof, --perf-basic-prof.
  const extra = (process.env["TUNNELMESH_BENCH_FLAGS"] ?? "").split(" ").filter((flag) => flag !== "");
  const started = startProcess(star.network, end.namespace, [process.execPath, ...flags, ...extra, program, file]);
  let log = "";
  started.child.stderr?.on("data", (chunk: Buffer) => {
    log = (log + chunk.toString()).slice(-4_000);
  });
  await new Promise<void>((resolve, reject) => {
    if (started.child.stdout === null) return;
    createInterface({ input: started.child.stdout }).on("line", (line) => {
      const said = JSON.parse(line) as { readonly started?: true; readonly failed?: string; readonly message?: string };
      if (said.started) resolve();
      if (said.failed !== undefined) reject(new Error(`the tunnel in ${end.namespace} failed: ${said.message}`));
    });
    started.child.once("close", () => reject(new Error(`the tunnel in ${end.namespace} ended:\n${log}`)));
  });
  return started;
}

function makeConfig(star: Star, choice: OwnChoice, end: End, others: readonly End[], psk: string): TunnelConfig {
  const { index } = star;
  const port = tunnelPort + index;
  const member = (number: number) => ({
    nid: createHash("sha256").update(`${process.pid} ${index} ${number}`).digest("hex"),
    name: `m${number}`,
    ip4: innerAddress(star, number),
    ip6: `fd12:3456:${(0x7800 + index).toString(16)}::${(number + 1).toString(16)}`,
  });
  const peer = (number: number, x25519: Uint8Array, ctl: Uint8Array, addresses: string[]): TunnelPeerConfig => ({
    ...member(number),
    ...{ x25519: publicHex(x25519), ctl: publicHex(ctl), psk, routes: [] },
    endpoints: addresses.map((address) => ({ kind: "local", address, port })),
  });
  const present = others.map(({ number, namespace, x25519, ctl }) =>
    peer(number, x25519, ctl, choice.relayed ? [] : [star.outer(namespace)]),
  );
  const absent = Array.from({ length: absentPeers(others.length) }, (_, place) =>
    peer(100 + place, randomBytes(32), randomBytes(32), []),
  );
  return {
    ...member(end.number),
    ...{ x25519: end.x25519.toString("hex"), ctl: end.ctl.toString("hex"), port, interface: `tm${index}` },
    range: innerAddress(star, -1).concat("/24"),
    range6: `fd12:3456:${(0x7800 + index).toString(16)}::/48`,
    ...{ backend: choice.backend, offloads: choice.offloads, threads: choice.threads },
    peers: [...present, ...absent],
  };
}

function publicHex(secret: Uint8Array): string {
  return Buffer.from(publicKeyOf(secret)).toString("hex");
}
