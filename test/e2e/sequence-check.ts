// What must hold after each step: the mesh that exists is the mesh that was asked for, and nothing is left elsewhere.
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect } from "vitest";
import type { StatusResult } from "../../cli/engine/deploy/contract.ts";
import { hostPaths } from "../../protocol/host/paths.ts";
import { parseMeshFile } from "../../protocol/trust/mesh-file.ts";
import type { Project } from "./project.ts";
import { type Model, type Place, places } from "./sequence-model.ts";
import type { SequenceWorld } from "./sequence-world.ts";

/** What a host shows of a mesh, where it has none; taken of fresh hosts, and compared with hosts that were left. */
export function traces(world: SequenceWorld, place: Place): string {
  return world.on(
    place,
    `ls -d /opt/tunnelmesh /etc/tunnelmesh /var/lib/tunnelmesh /run/tunnelmesh 2>/dev/null; ls /etc/systemd/system
systemctl list-units --all --plain --no-legend 'tunnelmesh*'; cat /etc/passwd /etc/group /etc/resolv.conf /etc/hosts
ip -o link | cut -d ' ' -f 2; ip rule; ip -6 rule; ip route show table all | grep -v cache; nft list ruleset; pgrep -l node`,
  ).stdout;
}

/** Addresses that members were given, by place and name, to see that they keep them. */
export type Given = Map<Place, string>;

export async function checkMesh(
  world: SequenceWorld,
  model: Model,
  clean: ReadonlyMap<Place, string>,
  given: Given,
  when: string,
): Promise<void> {
  const members = [...model.members];
  const names = members.map(([, { name }]) => name).toSorted();
  const held = members.map(([place, { name }]) => {
    const { unreached, address, interfaces, release } = askMember(world, model, place);
    expect(unreached, `${when}: not reached from ${name}`).toBe("");
    expect(interfaces, `${when}: interfaces of ${name}`).toBe("1");
    expect(given.get(place) ?? address, `${when}: address of ${name}`).toBe(address);
    given.set(place, address);
    if (place === "one") expect(release.includes("/0.9.0-"), `${when}: ${release}`).toBe(model.release === "next");
    return address;
  });
  expect(new Set(held).size, `${when}: addresses ${held.join(" ")}`).toBe(members.length);
  const status = await settled(world.project, names);
  expect(status.hosts.map(({ name }) => name).toSorted(), `${when}: members`).toEqual(names);
  for (const host of status.hosts) expect(host.agent?.alarms ?? [], `${when}: alarms of ${host.name}`).toEqual([]);
  for (const place of places.filter((one) => !model.members.has(one))) {
    given.delete(place);
    expect(traces(world, place), `${when}: left on ${place}`).toBe(clean.get(place));
  }
  checkLog(world.project, when);
}

/** What one member says of itself, and whom it does not reach by name within 20 s. */
function askMember(world: SequenceWorld, { members }: Model, place: Place) {
  const name = members.get(place)?.name;
  const others = [...members.values()].map((other) => other.name).filter((other) => other !== name);
  const reach = `for to in ${others.join(" ")}; do (for i in $(seq 20); do ping -c 1 -W 1 $to.mesh >/dev/null 2>&1 && exit 0; sleep 0.5; done; printf '%s ' $to) & done; wait; echo`;
  const said = world.on(
    place,
    `${reach}; ip -4 -o addr show dev tm0 | awk '{print $4}'; ip -o link | grep -c ' tm[0-9]'; readlink ${hostPaths(world.project.mesh).current}`,
  );
  const [unreached = "", address = "", interfaces, release = ""] = said.stdout.split("\n");
  return { unreached, address, interfaces, release };
}

/** The status once every agent that can be asked is up and connected, or after 30 s. */
async function settled(project: Project, names: readonly string[]): Promise<StatusResult> {
  const end = Date.now() + 30_000;
  for (;;) {
    const { stdout, stderr } = await project.tm(["status", "--json"]);
    const status = JSON.parse(stdout) as StatusResult;
    if (!Array.isArray(status.hosts)) throw new Error(`tm status: ${stdout}${stderr}`);
    const well = status.hosts.every(
      ({ agent }) => agent === undefined || (agent.state === "up" && agent.coordinator.state === "connected"),
    );
    if (well && status.hosts.length === names.length) return status;
    if (Date.now() > end) {
      expect(status.hosts.map(({ name, agent, error }) => ({ name, agent, error }))).toEqual(names);
      return status;
    }
  }
}

/** Every line of the mesh file is signed by the admin, says the real ssh-keygen, and parses as a whole. */
export function checkLog(project: Project, when: string): void {
  const text = readFileSync(path.join(project.folder, "mesh/main.jsonl"), "utf8");
  expect(parseMeshFile(text).ok, when).toBe(true);
  const allowed = path.join(project.folder, "allowed_signers");
  writeFileSync(allowed, `admin namespaces="lock@tunnelmesh" ${readFileSync(`${project.key}.pub`, "utf8")}`);
  for (const [index, line] of text.trim().split("\n").entries()) {
    const { body, sigs } = JSON.parse(line) as { body: string; sigs: string[] };
    const signature = path.join(project.folder, "line.sig");
    for (const sig of sigs) {
      writeFileSync(signature, sig);
      const parameters = ["-Y", "verify", "-f", allowed, "-I", "admin", "-n", "lock@tunnelmesh", "-s", signature];
      const verified = spawnSync("ssh-keygen", parameters, { input: body, encoding: "utf8" });
      expect(verified.status, `${when}: line ${index + 1} of the log: ${verified.stderr}${body}`).toBe(0);
    }
    expect(sigs.length, `${when}: line ${index + 1}`).toBeGreaterThan(0);
  }
}
