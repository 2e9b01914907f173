// Puts this checkout with its Node and packages onto a local host, so that the real tm runs there as on any machine.
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { type Outcome, type Project, root } from "./project.ts";

const cache = path.join(process.env["XDG_CACHE_HOME"] ?? path.join(os.homedir(), ".cache"), "tunnelmesh");
/** What only developing needs, and is large. */
const left = [
  "@biomejs",
  "typescript",
  "@typescript",
  "@swc",
  "@rolldown",
  "vitest",
  "vite",
  "@types",
  "dependency-cruiser",
];
const rooms = ["tm", "package.json", "package-lock.json", "cli", "protocol", "agent", "coordinator", "constructs"];

/** A tm on a local host. */
export class RemoteTm {
  readonly project: Project;
  readonly address: string;

  constructor(project: Project, address: string) {
    this.project = project;
    this.address = address;
  }

  /** Copies it there. @param release VERSION-HASH that was deployed: built already, so it need not be built again there */
  install(release: string): this {
    const built = readdirSync(path.join(cache, "releases")).filter((name) => name.startsWith(release));
    const pinned = ["pinned", ...readdirSync(cache).filter((name) => /^node-.*-linux/.test(name))];
    const ssh = `ssh -i ${this.project.key} -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR root@${this.address}`;
    const script = [
      "set -e",
      `send() { tar -C "$1" -cf - ${left.map((name) => `--exclude=node_modules/${name}`).join(" ")} "\${@:3}" | ${ssh} "mkdir -p $2; tar -xf - -C $2"; }`,
      `send ${root} /srv/clone ${[...rooms, "node_modules"].join(" ")}`,
      `send ${cache} /srv/cache/tunnelmesh ${[...pinned, ...built.map((name) => `releases/${name}`)].join(" ")}`,
    ].join("\n");
    const { status, stderr } = spawnSync("bash", ["-c", script], { encoding: "utf8", timeout: 120_000 });
    if (status !== 0) throw new Error(`tm could not be copied to ${this.address}: ${stderr}`);
    return this;
  }

  /** Runs tm there as root, with `input` on stdin. */
  tm(parameters: readonly string[], input = "", environment = ""): Outcome {
    const words = parameters.map((word) => `'${word}'`).join(" ");
    const command = `cd /root && NO_COLOR=1 XDG_CACHE_HOME=/srv/cache ${environment} sh /srv/clone/tm ${words}`;
    return this.project.on(this.address, command, input);
  }

  json<T>(parameters: readonly string[], input = ""): T {
    const { code, stdout, stderr } = this.tm([...parameters, "--json"], input);
    if (code !== 0) throw new Error(`tm ${parameters.join(" ")} there ended with ${code}:\n${stdout}\n${stderr}`);
    return JSON.parse(stdout) as T;
  }

  on(command: string): Outcome {
    return this.project.on(this.address, command);
  }
}
