// Network namespaces for tunnels: a bridge in one of them, each member on it, all of it gone afterwards.
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";

/** A switch and its members; names carry the process id. */
export class TestNetwork {
  readonly #prefix: string;
  readonly #namespaces: string[] = [];
  readonly #children = new Set<ChildProcess>();

  constructor(label: string) {
    this.#prefix = `tm${label}${process.pid}`;
    this.namespace("sw");
    this.ip("sw", "link", "add", "br0", "type", "bridge");
    this.ip("sw", "link", "set", "br0", "up");
  }

  nameOf(member: string): string {
    return `${this.#prefix}${member}`;
  }

  namespace(member: string): void {
    const name = this.nameOf(member);
    run("ip", ["netns", "add", name]);
    this.#namespaces.push(name);
    this.ip(member, "link", "set", "lo", "up");
  }

  /** A namespace with an interface eth0 on the switch. */
  member(member: string, addresses: readonly string[]): void {
    this.namespace(member);
    const port = `p${member}`;
    this.ip("sw", "link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", this.nameOf(member));
    this.ip("sw", "link", "set", port, "master", "br0", "up");
    for (const address of addresses) {
      const extra = address.includes(":") ? ["nodad"] : [];
      this.ip(member, "addr", "add", address, "dev", "eth0", ...extra);
    }
    this.ip(member, "link", "set", "eth0", "up");
  }

  /** Takes a member off the switch, or puts it back. */
  plug(member: string, plugged: boolean): void {
    this.ip("sw", "link", "set", `p${member}`, plugged ? "up" : "down");
  }

  ip(member: string, ...arguments_: string[]): string {
    return run("ip", ["-n", this.nameOf(member), ...arguments_]);
  }

  /** Runs a program inside and gives its exit code and output, whatever it was. */
  exec(member: string, ...command: string[]): Promise<{ readonly code: number | null; readonly output: string }> {
    const child = spawn("ip", ["netns", "exec", this.nameOf(member), ...command], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#children.add(child);
    child.once("close", () => this.#children.delete(child));
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (chunk: Buffer) => {
        output += chunk.toString();
      });
    }
    return new Promise((resolve) => child.once("close", (code) => resolve({ code, output })));
  }

  /** Ends what still runs inside. */
  kill(): void {
    for (const child of this.#children) child.kill("SIGKILL");
  }

  remove(): void {
    for (const name of this.#namespaces) spawnSync("ip", ["netns", "del", name]);
  }
}

function run(program: string, arguments_: readonly string[]): string {
  return execFileSync(program, arguments_, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}
