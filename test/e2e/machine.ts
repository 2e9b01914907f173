// What this machine looks like from outside a mesh: taken before and after, the two must be equal.
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { statePrefix } from "../../cli/engine/local/names.ts";

/** Names and texts that a mesh of local hosts could leave behind. */
export interface MachineSnapshot {
  readonly namespaces: readonly string[];
  readonly interfaces: readonly string[];
  readonly routes: readonly string[];
  readonly mounts: readonly string[];
  readonly cgroups: readonly string[];
  readonly folders: readonly string[];
  readonly resolver: string;
  readonly tables: readonly string[];
}

/**
 * Everything that local hosts make outside themselves carries this mark; what else comes and goes here is not theirs. Other tests
 * keep their hosts in state folders of their own, "/var/lib/tunnelmesh-…".
 */
const made = new RegExp(`${statePrefix("/var/lib/tunnelmesh-local")}|tunnelmesh(-local)?(?![\\w-])`);

/** Takes the snapshot. */
export function snapshotMachine(): MachineSnapshot {
  return {
    namespaces: lines("ip", ["netns", "list"])
      .map((line) => line.split(" ")[0] ?? "")
      .filter(isMade),
    interfaces: lines("ip", ["-o", "link"])
      .map((line) => line.split(": ")[1] ?? "")
      .filter(isMade),
    routes: lines("ip", ["route"]).filter(isMade),
    mounts: readFileSync("/proc/self/mounts", "utf8")
      .split("\n")
      .map((line) => line.split(" ")[1] ?? "")
      .filter(isMade)
      .toSorted(),
    cgroups: lines("find", ["/sys/fs/cgroup", "-maxdepth", "3", "-type", "d"]).filter(isMade).toSorted(),
    folders: ["/opt/tunnelmesh", "/etc/tunnelmesh", "/var/lib/tunnelmesh", "/run/tunnelmesh"]
      .filter(existsSync)
      .concat(readdirSync("/etc/systemd/system").filter((name) => name.startsWith("tunnelmesh"))),
    resolver: readFileSync("/etc/resolv.conf", "utf8"),
    tables: lines("nft", ["list", "tables"]).filter(isMade),
  };
}

function isMade(name: string): boolean {
  return made.test(name);
}

function lines(program: string, parameters: readonly string[]): string[] {
  return execFileSync(program, parameters, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] })
    .split("\n")
    .filter((line) => line !== "");
}
