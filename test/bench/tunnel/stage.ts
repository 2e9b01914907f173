// The namespaces of the benchmark, and its servers: a pair for most rows, a hub with ten spokes for one.

import { execFileSync } from "node:child_process";
import { TestNetwork } from "../../agent/tunnel/network.ts";
import { type Contender, type Entrant, type Star, tunnelPort } from "./contender.ts";
import { type Process, startProcess } from "./process.ts";
import type { Course, RowName } from "./rows.ts";

/** Senders where several send at once. */
const many = 10;
const firstPort = 5300;

/** Outer addresses of RFC 2544's range. The pair is alpha, which receives, and beta. */
const pair = { hub: "alpha", spokes: ["beta"] };
const crowd = { hub: "hub", spokes: Array.from({ length: many }, (_, number) => `spoke${number}`) };
const members = [pair.hub, ...pair.spokes, crowd.hub, ...crowd.spokes];
const outerRange = "198.18.141.0/24";
const outer = (member: string): string => `198.18.141.${members.indexOf(member) + 1}`;

export class Stage {
  readonly #network: TestNetwork;
  readonly #servers: { readonly namespace: string; readonly port: number; readonly process: Process }[] = [];
  #contenders: Contender[] = [];
  #stars = 0;
  #closing: Promise<void> | undefined;

  private constructor(network: TestNetwork) {
    this.#network = network;
  }

  /** @param wide with room for ten senders */
  static async open(wide: boolean): Promise<Stage> {
    const stage = new Stage(new TestNetwork("bt"));
    try {
      for (const member of wide ? members : members.slice(0, 2)) stage.#add(member);
      stage.#serve(pair.hub, 1);
      if (wide) stage.#serve(crowd.hub, many);
    } catch (error) {
      await stage.close();
      throw error;
    }
    return stage;
  }

  /** Starts a contender and sends something each way. */
  async enter(entrant: Entrant, kind: "pair" | "crowd"): Promise<Contender> {
    const { hub, spokes } = kind === "pair" ? pair : crowd;
    const star: Star = { network: this.#network, hub, spokes, index: this.#stars, outer };
    this.#stars += 1;
    const contender = await entrant.start(star);
    this.#contenders.push(contender);
    await Promise.all(spokes.map(async (spoke) => await this.#greet(spoke, contender)));
    return contender;
  }

  course(contender: Contender, row: RowName, seconds: number): Course {
    const senders = row === "ten" ? crowd.spokes : pair.spokes;
    return {
      network: this.#network,
      contender,
      senders,
      ports: senders.map((_, sender) => firstPort + sender),
      seconds,
    };
  }

  /** Starts the servers anew: one whose transfer broke off may take itself for busy for good. */
  async renewServers(): Promise<void> {
    const servers = this.#servers.splice(0);
    await Promise.all(servers.map(async ({ process }) => await process.stop()));
    for (const { namespace, port } of servers) this.#startServer(namespace, port);
  }

  async leave(contenders: readonly Contender[]): Promise<void> {
    this.#contenders = this.#contenders.filter((one) => !contenders.includes(one));
    await Promise.all(contenders.map(async (one) => await one.stop()));
  }

  /** Ends all that was started and takes the namespaces away; however often it is called, each call waits for that. */
  async close(): Promise<void> {
    this.#closing ??= this.#close();
    await this.#closing;
  }

  async #close(): Promise<void> {
    this.#network.kill();
    const servers = this.#servers.map(({ process }) => process);
    await Promise.all([...this.#contenders, ...servers].map(async (one) => await one.stop()));
    this.#network.remove();
  }

  async #greet(spoke: string, { name, address }: Contender): Promise<void> {
    const { output } = await this.#network.exec(spoke, "ping", "-c", "10", "-i", "0.2", "-W", "1", address);
    if (!/\b(?:[3-9]|10) received/.test(output)) throw new Error(`${name} does not answer ${spoke}:\n${output}`);
  }

  #add(member: string): void {
    this.#network.member(member, [`${outer(member)}/24`]);
    this.#shield(member);
  }

  /** Tunnels find out about each other's interfaces; a tunnel in a tunnel is not what is measured. */
  #shield(member: string): void {
    const rules = [
      `ip daddr != ${outerRange} udp dport ${tunnelPort}-${tunnelPort + 50} drop`,
      `meta nfproto ipv6 udp dport ${tunnelPort}-${tunnelPort + 50} drop`,
    ];
    const chain = ["type filter hook output priority 0", ...rules].join("\n");
    const table = `table inet bench {\nchain out {\n${chain}\n}\n}`;
    execFileSync("ip", ["netns", "exec", this.#network.nameOf(member), "nft", table]);
  }

  #serve(namespace: string, count: number): void {
    for (let port = firstPort; port < firstPort + count; port += 1) this.#startServer(namespace, port);
  }

  #startServer(namespace: string, port: number): void {
    const process = startProcess(this.#network, namespace, ["iperf3", "-s", "-p", String(port)]);
    this.#servers.push({ namespace, port, process });
  }
}
