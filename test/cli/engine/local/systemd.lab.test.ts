// Local hosts on a machine whose first process is systemd: each has a scope of its own, and nothing is left of them.
import path from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { LocalHostInfo, LocalLeftover } from "../../../../cli/engine/local/host.ts";
import { type Machine, startMachine } from "./machine.ts";

const laboratory = path.join(import.meta.dirname, "laboratory.ts");

describe("on a machine that systemd runs", () => {
  let machine: Machine;
  let before: unknown;

  /** All that hosts could leave behind on the machine, with what its systemd knows of them. */
  const picture = async (): Promise<unknown> => [
    await machine.evaluate(`return (await import(${JSON.stringify(laboratory)})).pictureOf(
      ${JSON.stringify(path.join(machine.folder, "state"))});`),
    await say("machinectl list --no-legend; systemctl list-units --all --plain --no-legend 'machine-*'"),
    await say("find /sys/fs/cgroup -name 'machine-*'; find /run/systemd/nspawn /run/systemd/machines -mindepth 1"),
  ];
  const say = async (script: string): Promise<string> => (await machine.run("sh", "-c", script)).text;
  const up = async (...names: readonly string[]): Promise<LocalHostInfo[]> => {
    const specs = names.map((name) => ({ name, nat: "none", internet: false }));
    return (await machine.evaluate(`
      const { readFile } = await import("node:fs/promises");
      const authorizedKeys = [await readFile("${machine.folder}/key.pub", "utf8")];
      return hosts.up("net", ${JSON.stringify(specs)}, { authorizedKeys });`)) as LocalHostInfo[];
  };
  const states = async (): Promise<string[]> =>
    ((await machine.evaluate("return hosts.list();")) as LocalHostInfo[]).map(({ state }) => state);
  const leftovers = async (fix: boolean): Promise<LocalLeftover[]> =>
    (await machine.evaluate(`return hosts.leftovers({ fix: ${fix} });`)) as LocalLeftover[];
  const ssh = async (host: LocalHostInfo | undefined, script: string): Promise<string> => {
    const options = ["BatchMode=yes", "StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "ConnectTimeout=5"];
    const words = ["ssh", "-q", "-F", "none", "-i", `${machine.folder}/key`, ...options.flatMap((one) => ["-o", one])];
    const { code, text } = await machine.run(...words, `root@${host?.address}`, script);
    return code === 0 ? text : `exit ${code} ${text}`;
  };

  beforeAll(async () => {
    machine = await startMachine();
    await machine.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", `${machine.folder}/key`);
    before = await picture();
  });
  afterEach(async () => {
    await machine.evaluate('return hosts.remove("net");');
  });
  afterAll(async () => {
    await machine.close();
  });

  it("makes hosts that outlive the service which made them, each in a scope of its own", async () => {
    const [one, two] = await up("one", "two");
    expect(await states()).toEqual(["running", "running"]);
    expect(await ssh(one, "hostname; systemctl is-system-running")).toBe("one\nrunning");
    expect(await ssh(two, "ip tuntap add t0 mode tun && ip -br link show t0 | cut -d' ' -f1")).toBe("t0");
    const machines = (await say("machinectl list --no-legend --no-pager | awk '{print $1}'")).split("\n");
    expect(machines).toHaveLength(2);
    for (const name of machines) {
      expect(await say(`systemctl show --value --property=ActiveState machine-${name}.scope`)).toBe("active");
      expect(await say(`cat /proc/$(machinectl show --value --property=Leader ${name})/cgroup`)).toContain(
        `/machine.slice/machine-${name}.scope`,
      );
    }
    await ssh(one, "systemctl stop ssh");
    expect(await ssh(one, "true")).toMatch(/^exit 255/);
    expect(await ssh(two, "systemctl is-active ssh")).toBe("active");
    expect(await ssh(two, "mknod /var/tmp/disk b 7 0")).toMatch(/Operation not permitted/);
    await machine.evaluate('return hosts.remove("net");');
    expect(await picture()).toEqual(before);
  });

  it("takes away hosts whose supervisors were killed", async () => {
    const [host] = await up("orphan");
    await say(`kill -KILL $(cat ${machine.folder}/state/hosts/*/pid)`);
    expect(await states()).toEqual(["dead"]);
    expect(await ssh(host, "hostname")).toBe("orphan");
    expect((await leftovers(false)).map((one) => one.kind)).toContain("process");
    expect((await leftovers(true)).every((one) => one.removed)).toBe(true);
    expect(await leftovers(false)).toEqual([]);
    expect(await picture()).toEqual(before);
  });
});
