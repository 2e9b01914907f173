// Five hosts that sequences run over, and the real commands for each step: made once, used by all, swept by destroy.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { DeployResult, DestroyResult, RollbackResult } from "../../cli/engine/deploy/contract.ts";
import type { CreateTokenResult } from "../../cli/engine/deploy/token-contract.ts";
import { createLocalHosts } from "../../cli/engine/local/hosts.ts";
import { hostPaths } from "../../protocol/host/paths.ts";
import { presentPrograms, writePrograms } from "./host-programs.ts";
import { killGroup, Project, root } from "./project.ts";
import { type Model, type Place, places, type Step } from "./sequence-model.ts";

const cache = path.join(process.env["XDG_CACHE_HOME"] ?? path.join(os.homedir(), ".cache"), "tunnelmesh");

export class SequenceWorld {
  readonly project: Project;
  readonly #hosts = createLocalHosts({ hide: [root] });
  readonly #network: string;
  /** A copy of this checkout that hosts see too, as hosts lie over this machine's own files. */
  readonly #shared = mkdtempSync("/var/tmp/tm-sequences-");
  readonly #at = new Map<Place, { readonly address: string; readonly hostKey: string }>();
  #next = "";
  #release = "";

  constructor(purpose: string) {
    this.project = new Project(purpose);
    this.#network = `${this.project.stack}-hosts`;
  }

  async open(): Promise<this> {
    this.project.create("");
    this.#next = writePrograms(path.join(this.project.folder, "next"), "0.9.0", await presentPrograms("0.9.0"));
    this.#shareClone();
    const specs = places.map((name) => ({ name, nat: "none", internet: false }) as const);
    const authorizedKeys = [readFileSync(`${this.project.key}.pub`, "utf8")];
    for (const { name, address, hostKey } of await this.#hosts.up(this.#network, specs, { authorizedKeys }))
      this.#at.set(name as Place, { address, hostKey });
    return this;
  }

  async close(): Promise<void> {
    await this.project.tm(["destroy", "--yes"]);
    await this.#hosts.remove(this.#network);
    rmSync(this.#shared, { recursive: true, force: true });
    rmSync(this.project.folder, { recursive: true, force: true });
  }

  /** Ends the mesh. Who joined without SSH is where no admin reaches: it is listed, and leaves by itself. */
  async destroy({ members }: Model): Promise<void> {
    const apart = await this.#allButApart<DestroyResult>("destroy", members);
    for (const [place] of apart) this.#tmOn(place, "leave --local --yes", "");
  }

  /** Runs a command for all members, which lists those that joined by token and fails for nobody else. */
  async #allButApart<T extends DestroyResult | RollbackResult>(command: string, members: Model["members"]) {
    const apart = [...members].filter(([, { origin }]) => origin === "token");
    const { code, stdout, stderr } = await this.project.tm([command, "--yes", "--json"]);
    if (code !== (apart.length > 0 ? 5 : 0)) throw new Error(`tm ${command} ended with ${code}:\n${stdout}\n${stderr}`);
    const { hosts } = JSON.parse(stdout) as T;
    const failed = hosts.filter(({ state }) => state === "failed").map(({ name }) => name);
    const expected = apart.map(([, { name }]) => name);
    if (failed.toSorted().join() !== expected.toSorted().join())
      throw new Error(`tm ${command} failed for ${failed.join()}`);
    return apart;
  }

  /** Whatever a sequence that failed has left is taken away, and the hosts are for the next. */
  async reset(): Promise<void> {
    await this.project.tm(["destroy", "--yes"]);
    const leave = `cd / && HOME=/root XDG_CACHE_HOME=${this.#shared}/cache sh ${this.#shared}/clone/tm leave --local --yes`;
    for (const place of places) this.on(place, `[ ! -d /etc/tunnelmesh ] || { ${leave}; }`);
  }

  /** Runs as root on a host. */
  on(place: Place, command: string) {
    return this.project.on(this.#at.get(place)?.address ?? "", command);
  }

  /** Writes the stack of `model`; `renamed` says what a member was called before. */
  write({ members }: Model, renamed?: { readonly place: Place; readonly from: string }): void {
    const lines = [...members].flatMap(([place, { name, origin }]) => {
      if (origin !== "stack") return [];
      const { address, hostKey } = this.#at.get(place) ?? { address: "", hostKey: "" };
      const host = `new SshHost("root@${address}", { hostKey: "${hostKey}" })`;
      const formerly = renamed?.place === place ? `, { formerly: "${renamed.from}" }` : "";
      return [`mesh.${place === "one" ? "coordinator" : "node"}("${name}", ${host}${formerly});`];
    });
    this.project.write(lines.join("\n"));
  }

  /** Deploys the release of `model`; every host must be done. */
  async deploy(model: Model): Promise<DeployResult> {
    this.#use(model);
    const result = await this.project.json<DeployResult>(["deploy", "--yes"]);
    if (model.release === "present") this.#release = result.release;
    return result;
  }

  /** Does one step for real. */
  async take(step: Step, before: Model, after: Model): Promise<void> {
    this.#use(after);
    switch (step.kind) {
      case "deploy":
      case "upgrade":
        await this.deploy(after);
        return;
      case "add":
        this.write(after);
        await this.deploy(after);
        return;
      case "rename":
        this.write(after, { place: step.place, from: before.members.get(step.place)?.name ?? "" });
        await this.deploy(after);
        this.write(after);
        return;
      case "add-node": {
        const { address, hostKey } = this.#at.get(step.place) ?? { address: "", hostKey: "" };
        await this.project.json(["add-node", `root@${address}`, "--name", step.name, "--host-key", hostKey]);
        return;
      }
      case "join": {
        const made = await this.project.json<CreateTokenResult>(["token", "create", "--expires", "1h"]);
        this.#shareRelease();
        this.#tmOn(step.place, `join --name ${step.name}`, made.token);
        return;
      }
      case "remove":
        return this.#remove(step.place, before, after);
      case "rollback":
        await this.#allButApart<RollbackResult>("rollback", before.members);
        return;
      case "kill":
        return this.#kill(step.place, step.service);
      case "kill-deploy": {
        this.write(after);
        const { pid, done } = this.project.start(["deploy", "--yes"]);
        await Promise.race([delay(step.after), done]);
        killGroup(pid);
        await done;
        await this.deploy(after);
        return;
      }
      default:
        return step satisfies never;
    }
  }

  async #remove(place: Place, before: Model, after: Model): Promise<void> {
    const member = before.members.get(place);
    if (member?.origin === "stack") {
      this.write(after);
      await this.deploy(after);
      return;
    }
    // Who came by a token goes as it came, and an admin gives its name and address free.
    if (member?.origin === "token") this.#tmOn(place, "leave --local --yes", "");
    await this.project.json(["remove-node", member?.name ?? "", "--yes"]);
  }

  #kill(place: Place, service: "agent" | "coordinator"): void {
    const paths = hostPaths(this.project.mesh);
    const unit = service === "agent" ? paths.agentUnit : paths.coordinatorUnit;
    const command = `was=$(systemctl show -p MainPID --value ${unit}); kill -9 $was; for i in $(seq 150); do now=$(systemctl show -p MainPID --value ${unit}); [ "$now" != 0 ] && [ "$now" != "$was" ] && exit 0; sleep 0.1; done; exit 1`;
    const { code } = this.on(place, command);
    if (code !== 0) throw new Error(`${unit} on ${place} does not come back`);
  }

  #use({ release }: Model): void {
    this.project.environment = release === "next" ? { TM_HOST_PROGRAMS: this.#next } : {};
  }

  /** Runs the tm of the shared copy on a host. */
  #tmOn(place: Place, line: string, input: string): void {
    const command = `cd / && echo '${input}' | HOME=/root XDG_CACHE_HOME=${this.#shared}/cache NO_COLOR=1 sh ${this.#shared}/clone/tm ${line}`;
    const { code, stdout, stderr } = this.on(place, command);
    if (code !== 0) throw new Error(`tm ${line} on ${place} ended with ${code}:\n${stdout}\n${stderr}`);
  }

  /** What was fetched and built for the last deploy of the present release need not be had again on each host, which has no internet. */
  #shareRelease(): void {
    this.#shareKept("pinned", "");
    this.#shareKept("releases", this.#release);
  }

  #shareKept(folder: string, beginning: string): void {
    const [from, to] = [path.join(cache, folder), path.join(this.#shared, "cache/tunnelmesh", folder)];
    const names = readdirSync(from).filter((name) => name.startsWith(beginning));
    const missing = names.filter((name) => !existsSync(path.join(to, name)));
    for (const name of missing) execFileSync("cp", ["-al", path.join(from, name), to]);
  }

  /** Links instead of copies: the files are the same, and a host that writes one gets its own. */
  #shareClone(): void {
    const clone = path.join(this.#shared, "clone");
    mkdirSync(clone);
    for (const folder of ["releases", "pinned"])
      mkdirSync(path.join(this.#shared, "cache/tunnelmesh", folder), { recursive: true });
    const rooms = ["tm", "package.json", "package-lock.json", "cli", "protocol", "agent", "coordinator", "constructs"];
    const copy = (from: string, to: string) => execFileSync("cp", ["-al", from, to]);
    for (const room of [...rooms, "node_modules"]) copy(path.join(root, room), clone);
    const kept = readdirSync(cache).filter((name) => /^node-.*-linux/.test(name));
    for (const name of kept) copy(path.join(cache, name), path.join(this.#shared, "cache/tunnelmesh"));
    execFileSync("chmod", ["755", this.#shared]);
  }
}
