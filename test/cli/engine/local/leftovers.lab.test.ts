// Killed supervisors and killed makers: what they leave is found, taken away, and not found again.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { hostNames } from "../../../../cli/engine/local/names.ts";
import { hostFolder, namesIn } from "../../../../cli/engine/local/record.ts";
import { type Laboratory, openLaboratory, pictureOf } from "./laboratory.ts";

let laboratory: Laboratory;
let before: string[];
const network = `killed-${process.pid}`;
const plain = (name: string) => ({ name, nat: "none", internet: false }) as const;

beforeAll(async () => {
  laboratory = await openLaboratory();
});
beforeEach(async () => {
  before = await pictureOf(laboratory.state);
});
afterEach(async () => {
  await laboratory.hosts.remove(network);
});
afterAll(async () => {
  await laboratory.close();
});

async function expectClean(): Promise<void> {
  const found = await laboratory.hosts.leftovers({ fix: true });
  expect(found.every((one) => one.removed)).toBe(true);
  expect(await laboratory.hosts.leftovers({ fix: true })).toEqual([]);
  expect(await laboratory.hosts.list()).toEqual([]);
  await expect.poll(() => pictureOf(laboratory.state)).toEqual(before);
}

/** A process of its own that makes two hosts and prints each step. */
function startMaker(): ChildProcess {
  const program = `
    import { createLocalHosts } from ${JSON.stringify(path.resolve("cli/engine/local/hosts.ts"))};
    const [state, network, key] = process.argv.slice(1);
    const hosts = createLocalHosts({ state });
    const specs = [{ name: "one", nat: "none", internet: false }, { name: "two", nat: "port-restricted", internet: true }];
    await hosts.up(network, specs, { authorizedKeys: [key], onProgress: (host, text) => console.log(host, text) });
    console.log("all up");`;
  const args = ["--conditions=tunnelmesh-source", "--input-type=module", "-e", program];
  return spawn(process.execPath, [...args, laboratory.state, network, laboratory.authorizedKeys[0] ?? ""], {
    stdio: ["ignore", "pipe", "inherit"],
  });
}

describe("leftovers", () => {
  it("finds a container whose supervisor was killed, ends it and removes its traces", async () => {
    const [host] = await laboratory.hosts.up(network, [plain("orphan")], laboratory);
    const [key = ""] = await namesIn(path.join(laboratory.state, "hosts"));
    process.kill(Number(await readFile(path.join(hostFolder(laboratory.state, key), "pid"), "utf8")), "SIGKILL");
    await expect.poll(async () => (await laboratory.hosts.list())[0]?.state).toBe("dead");
    expect((await laboratory.ssh(host?.address ?? "", "true")).code).toBe(0);
    const seen = await laboratory.hosts.leftovers({ fix: false });
    expect(new Set(seen.map((one) => one.kind))).toEqual(
      new Set(["folder", "process", "mount", "namespace", "cgroup"]),
    );
    expect(seen.some((one) => one.removed)).toBe(false);
    await expectClean();
  });

  it("replaces a dead host at the next up", async () => {
    await laboratory.hosts.up(network, [plain("again")], laboratory);
    const [key = ""] = await namesIn(path.join(laboratory.state, "hosts"));
    process.kill(Number(await readFile(path.join(hostFolder(laboratory.state, key), "pid"), "utf8")), "SIGKILL");
    const [host] = await laboratory.hosts.up(network, [plain("again")], laboratory);
    expect((await laboratory.ssh(host?.address ?? "", "hostname")).text).toBe("again");
    await laboratory.hosts.remove(network);
    await expect.poll(() => pictureOf(laboratory.state)).toEqual(before);
  });

  it.each([150, 400, 700, 1000, 1300, 1700, 2200])(
    "cleans up after a maker that was killed about %d ms after its start",
    async (milliseconds) => {
      const maker = startMaker();
      const closed = once(maker, "close");
      await sleep(milliseconds + Math.random() * 200);
      maker.kill("SIGKILL");
      await closed;
      // A fast machine may have finished a host before the kill: that is a good one, and nothing that was left over.
      const finished = (await laboratory.hosts.list()).filter((host) => host.state === "running");
      await laboratory.hosts.remove(
        network,
        finished.map((host) => host.name),
      );
      await sleep(200);
      await expectClean();
    },
  );

  it("makes a host's keys whatever the ssh-keygen of a killed run still writes", async () => {
    const { key } = hostNames("tm", network, "late");
    const place = path.join(hostFolder(laboratory.state, key), "upper/etc/ssh");
    const late = spawn("timeout", [
      "60",
      "sh",
      "-c",
      'until echo late > "$0/ssh_host_rsa_key"; do :; done 2>/dev/null',
      place,
    ]);
    const [host] = await laboratory.hosts.up(network, [plain("late")], laboratory);
    expect(late.exitCode).toBe(0);
    const { text } = await laboratory.ssh(host?.address ?? "", "ssh-keygen -l -f /etc/ssh/ssh_host_rsa_key");
    expect(text).toContain("(RSA)");
    await laboratory.hosts.remove(network);
    await expect.poll(() => pictureOf(laboratory.state)).toEqual(before);
  });

  it("leaves hosts in peace that another living process is making", async () => {
    const maker = startMaker();
    await once(maker.stdout ?? maker, "data");
    expect((await laboratory.hosts.leftovers({ fix: true })).filter((one) => one.kind === "folder")).toEqual([]);
    const [code] = (await once(maker, "close")) as [number];
    expect(code).toBe(0);
    expect((await laboratory.hosts.list()).map((host) => host.state)).toEqual(["running", "running"]);
    await laboratory.hosts.remove(network);
    await expect.poll(() => pictureOf(laboratory.state)).toEqual(before);
  });

  it("gives up cleanly when it is told to stop", async () => {
    const controller = new AbortController();
    const making = laboratory.hosts.up(network, [plain("stopped")], {
      authorizedKeys: laboratory.authorizedKeys,
      signal: controller.signal,
      onProgress: (_, text) => text === "waiting for SSH" && controller.abort(),
    });
    await expect(making).rejects.toThrow(/abort/);
    await laboratory.hosts.leftovers({ fix: true });
    await expect.poll(() => pictureOf(laboratory.state)).toEqual(before);
  });
});
