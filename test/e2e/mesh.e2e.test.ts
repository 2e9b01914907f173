// A mesh of three local hosts from deploy to destroy, as a user has it.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { DeployResult, StatusResult } from "../../cli/engine/deploy/contract.ts";
import { hostPaths } from "../../protocol/host/paths.ts";
import { snapshotMachine } from "./machine.ts";
import { Project } from "./project.ts";

const three = `  mesh.coordinator("alpha", new LocalHost());
  mesh.node("beta", new LocalHost());
  mesh.node("gamma", new LocalHost());
  mesh.allow("0.0.0.0/0", "0.0.0.0/0", icmp);`;
const two = three.replace(/ {2}mesh.node\("gamma".*\n/, "");

const project = new Project("mesh");
const clones = mkdtempSync(path.join(tmpdir(), "tm-e2e-clone-"));
const paths = hostPaths(project.mesh);
const before = snapshotMachine();
let addresses: Record<string, string> = {};
let first: DeployResult;

const at = (name: string): string => addresses[name] ?? "";
const on = (name: string, command: string) => project.on(at(name), command);
const pings = (from: string, to: string, options = "") => on(from, `ping -c 3 -i 0.2 -W 5 ${options} ${to}.mesh`);

beforeAll(async () => {
  project.create(three);
  first = await project.json<DeployResult>(["deploy", "--yes"]);
  addresses = await project.addresses();
});
afterAll(async () => {
  await project.remove();
  rmSync(clones, { recursive: true, force: true });
});

describe("deploy", () => {
  it("installs three hosts with addresses of their own", () => {
    expect(first.failed).toBe(0);
    expect(first.hosts.map(({ name, state }) => [name, state])).toEqual([
      ["alpha", "installed"],
      ["beta", "installed"],
      ["gamma", "installed"],
    ]);
    const given = first.hosts.map(({ ip4 }) => ip4);
    expect(new Set(given).size).toBe(3);
    for (const ip4 of given) expect(ip4).toMatch(/^100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\./);
  });

  it("leaves a mesh where everybody reaches everybody by name, over IPv4 and IPv6", () => {
    for (const from of ["alpha", "beta", "gamma"]) {
      for (const to of ["alpha", "beta", "gamma"].filter((name) => name !== from)) {
        for (const family of ["-4", "-6"]) {
          const outcome = pings(from, to, family);
          expect(outcome, `${from} → ${to} ${family}`).toMatchObject({ code: 0 });
          expect(outcome.stdout).toContain(" 0% packet loss");
        }
      }
    }
  });

  it("uses direct paths where UDP passes", async () => {
    const status = await project.json<StatusResult>(["status"]);
    expect(status.hosts.map(({ agent }) => agent?.state)).toEqual(["up", "up", "up"]);
    for (const host of status.hosts) {
      for (const peer of host.peers) expect(peer.path.kind, `${host.name} → ${peer.name}`).toBe("direct");
    }
  });

  it("touches nothing when nothing has changed", async () => {
    const marks = () =>
      ["alpha", "beta", "gamma"].map(
        (name) =>
          on(
            name,
            `stat -c '%Y %i' ${paths.installRecord} ${paths.agentConfiguration}; systemctl show -p MainPID ${paths.agentUnit}`,
          ).stdout,
      );
    const unchanged = marks();
    const again = await project.json<DeployResult>(["deploy", "--yes"]);
    expect(again.hosts.map(({ state }) => state)).toEqual(["unchanged", "unchanged", "unchanged"]);
    expect(again.meshId).toBe(first.meshId);
    expect(marks()).toEqual(unchanged);
  });
});

describe("the wire", () => {
  it("shows no clear text of a known payload", () => {
    const pattern = "5ec2e7".repeat(4);
    const outer = on("beta", `ip -o route get ${at("gamma")} | grep -o 'dev [^ ]*' | cut -d' ' -f2`).stdout.trim();
    const capture = (device: string): string => {
      on(
        "beta",
        `rm -f /run/capture.pcap; timeout 60 tcpdump -i ${device} -U -w /run/capture.pcap 2>/dev/null & sleep 1; ping -c 5 -i 0.2 -p ${pattern} gamma.mesh >/dev/null; sleep 0.5; kill $!; wait`,
      );
      return on("beta", "xxd -p /run/capture.pcap | tr -d '\\n'").stdout;
    };
    expect(capture("tm0")).toContain(pattern);
    const sealed = capture(outer);
    expect(sealed).not.toContain(pattern);
    // Type 4 with its three zero bytes: the packets were there, sealed.
    expect(sealed).toContain("04000000");
  });

  it("carries garbage without harm, and counts it", async () => {
    const noise = `
for size in 1 31 32 64 92 148 1400; do head -c $size /dev/urandom > /dev/udp/${at("alpha")}/51820; done
for i in $(seq 20); do
  (head -c 100000 /dev/urandom; sleep 0.1) > /dev/tcp/${at("alpha")}/8443
  printf 'GET / HTTP/1.1\\r\\n\\r\\n' > /dev/tcp/${at("alpha")}/8443
done`;
    for (let round = 0; round < 3; round += 1) on("beta", `bash 2>/dev/null <<'NOISE'\n${noise}\nNOISE\ntrue`);
    expect(pings("gamma", "alpha")).toMatchObject({ code: 0 });
    const status = await project.json<StatusResult>(["status"]);
    const alpha = status.hosts.find(({ name }) => name === "alpha");
    expect(Object.values(alpha?.agent?.counters ?? {}).some((count) => count > 0)).toBe(true);
    for (const unit of [paths.coordinatorUnit, paths.agentUnit]) {
      const resident = on("alpha", `grep VmRSS /proc/$(systemctl show -p MainPID --value ${unit})/status | tr -dc 0-9`);
      expect(Number(resident.stdout), unit).toBeGreaterThan(0);
      expect(Number(resident.stdout), unit).toBeLessThan(250_000);
    }
  });
});

describe("where UDP does not pass", () => {
  const pathOf = async (from: string, to: string) => {
    const { hosts } = await project.json<StatusResult>(["status"]);
    return hosts.find(({ name }) => name === from)?.peers.find(({ name }) => name === to)?.path.kind;
  };

  it("the relay carries sealed packets, and direct comes back without a packet lost", async () => {
    on(
      "gamma",
      "nft 'add table inet block; add chain inet block in { type filter hook input priority 0; }; add rule inet block in udp dport 51820 drop'",
    );
    expect(on("beta", "for i in $(seq 30); do ping -c 1 -W 1 gamma.mesh && exit 0; done; exit 1")).toMatchObject({
      code: 0,
    });
    await expect.poll(() => pathOf("beta", "gamma"), { timeout: 20_000, interval: 1_000 }).toBe("relay");
    const pattern = "7e1a9d".repeat(4);
    const outer = on("alpha", `ip -o route get ${at("gamma")} | grep -o 'dev [^ ]*' | cut -d' ' -f2`).stdout.trim();
    on("alpha", `timeout 8 tcpdump -i ${outer} -U -w /run/relay.pcap tcp port 8443 >/dev/null 2>&1 & sleep 1`);
    const relayed = on("beta", `ping -c 10 -i 0.2 -W 5 -p ${pattern} gamma.mesh`);
    expect(relayed.stdout).toContain(" 0% packet loss");
    const seen = on("alpha", "sleep 2; stat -c %s /run/relay.pcap; xxd -p /run/relay.pcap | tr -d '\\n'").stdout;
    expect(Number(seen.split("\n")[0])).toBeGreaterThan(2_000);
    expect(seen).not.toContain(pattern);

    expect(on("gamma", "nft delete table inet block")).toMatchObject({ code: 0 });
    const during = on("beta", "ping -c 300 -i 0.1 -W 5 gamma.mesh | tail -3");
    expect(during.stdout).toContain(" 0% packet loss");
    await expect.poll(() => pathOf("beta", "gamma"), { timeout: 60_000, interval: 1_000 }).toBe("direct");
  });
});

describe("secrets", () => {
  it("are in no argv, log, world-readable file, coordinator database or admin folder", () => {
    const secret = JSON.parse(on("alpha", `cat ${paths.networkSecret}`).stdout) as {
      generations: { secret: string }[];
    };
    const needle = secret.generations[0]?.secret ?? "";
    expect(needle).toMatch(/^[0-9a-f]{64}$/);
    expect(on("beta", `cat ${paths.networkSecret}`).stdout).toContain(needle);
    for (const name of ["alpha", "beta", "gamma"]) {
      expect(on(name, `stat -c %a ${paths.networkSecret}`).stdout.trim()).toBe("600");
      const search = `umask 077; cat > /dev/shm/needle; { cat /proc/[0-9]*/cmdline; journalctl --no-pager -o cat; cat ${paths.coordinatorState}/* 2>/dev/null; find /etc /opt /var /run -xdev -type f -perm -004 -size -1M -exec cat {} + ; } 2>/dev/null | grep -acFf /dev/shm/needle; rm /dev/shm/needle`;
      expect(execSsh(name, search, needle)).toBe("0");
      const key = on(name, "sed -n 2p /etc/ssh/ssh_host_ed25519_key").stdout.trim();
      expect(execSsh(name, search, key)).toBe("0");
    }
    const admin = execFileSync("sh", ["-c", `grep -rlaF -f - ${project.folder} || true`], { input: `${needle}\n` });
    expect(admin.toString()).toBe("");
  });
});

/** Runs `command` with the needle on stdin: it must not turn up in the argv that is searched. */
function execSsh(name: string, command: string, input: string): string {
  const options = [
    "-i",
    project.key,
    "-o",
    "StrictHostKeyChecking=no",
    "-o",
    "UserKnownHostsFile=/dev/null",
    "-o",
    "LogLevel=ERROR",
  ];
  return execFileSync("sh", ["-c", `ssh ${options.join(" ")} root@${at(name)} "$0" || true`, command], {
    input,
    encoding: "utf8",
  }).trim();
}

describe("without the coordinator", () => {
  it("tunnels go on, and a restarted agent comes back to its peers directly", () => {
    on("alpha", `systemctl stop ${paths.coordinatorUnit}`);
    expect(pings("beta", "gamma")).toMatchObject({ code: 0 });
    on("gamma", `systemctl restart ${paths.agentUnit}`);
    expect(
      on("gamma", "for i in $(seq 30); do ping -c 1 -W 1 beta.mesh && exit 0; sleep 0.5; done; exit 1"),
    ).toMatchObject({ code: 0 });
    expect(pings("beta", "gamma")).toMatchObject({ code: 0 });
    on("alpha", `systemctl start ${paths.coordinatorUnit}`);
  });
});

describe("an agent that is killed", () => {
  it("comes back with one interface, one set of routes and names as before", () => {
    const look = () =>
      on("beta", "ip -o link | grep -c tm0; ip route | grep -c tm0; grep -c nameserver /etc/resolv.conf").stdout;
    const was = look();
    on("beta", `systemctl kill -s KILL ${paths.agentUnit}`);
    expect(
      on("beta", "sleep 2; for i in $(seq 40); do ping -c 1 -W 1 alpha.mesh && exit 0; sleep 0.5; done; exit 1"),
    ).toMatchObject({ code: 0 });
    expect(look()).toBe(was);
  });

  it("leaves the host as it was when it is stopped", () => {
    on("beta", `systemctl stop ${paths.agentUnit}`);
    expect(
      on("beta", "ip -o link | grep -c tm0; ip route | grep -c tm0; ip rule | grep -c tm0").stdout.trim().split("\n"),
    ).toEqual(["0", "0", "0"]);
    on("beta", `systemctl start ${paths.agentUnit}`);
    expect(
      on("beta", "for i in $(seq 40); do ping -c 1 -W 1 alpha.mesh && exit 0; sleep 0.5; done; exit 1"),
    ).toMatchObject({ code: 0 });
  });
});

describe("change", () => {
  it("is continued from a second clone with the same mesh", async () => {
    const clone = path.join(clones, "clone");
    const git = (...parameters: string[]) =>
      execFileSync("git", [
        "-C",
        project.folder,
        "-c",
        "user.name=e2e",
        "-c",
        "user.email=e2e@example.org",
        ...parameters,
      ]);
    git("init", "-q");
    git("add", "stack.ts", "package.json", "mesh", "keys/admin.pub");
    git("commit", "-qm", "mesh");
    execFileSync("git", ["clone", "-q", project.folder, clone]);
    const second = new Project("second", clone);
    const result = await second.json<DeployResult>(["deploy", "--yes", "--admin-key", project.key]);
    expect(result.meshId).toBe(first.meshId);
    expect(result.hosts.map(({ state }) => state)).toEqual(["unchanged", "unchanged", "unchanged"]);
  });

  it("adds a machine over SSH and removes it again", async () => {
    const keyFile = `${project.key}.pub`;
    await project.json(["local", "up", "delta", "--network", project.mesh, "--key", keyFile]);
    addresses = await project.addresses();
    const hostKey = on("delta", "cat /etc/ssh/ssh_host_ed25519_key.pub").stdout.trim();
    const added = await project.json<{ host: { name: string; ip4: string } }>([
      "add-node",
      `root@${at("delta")}`,
      "--name",
      "delta",
      "--host-key",
      hostKey,
    ]);
    expect(added.host.name).toBe("delta");
    expect(pings("delta", "gamma")).toMatchObject({ code: 0 });
    expect(pings("gamma", "delta")).toMatchObject({ code: 0 });
    const kept = await project.json<DeployResult>(["deploy", "--yes"]);
    expect(kept.hosts.map(({ name, state }) => `${name} ${state}`)).toEqual([
      "alpha unchanged",
      "beta unchanged",
      "gamma unchanged",
    ]);
    await project.json(["remove-node", "delta", "--yes"]);
    expect(on("gamma", "ping -c 1 -W 1 delta.mesh").code).not.toBe(0);
  });

  it("removes the member whose line is gone, and nobody else", async () => {
    project.write(two);
    const result = await project.json<DeployResult>(["deploy", "--yes"]);
    expect(result.hosts.map(({ name, state }) => `${name} ${state}`)).toEqual([
      "alpha unchanged",
      "beta unchanged",
      "gamma removed",
    ]);
    expect(Object.keys(await project.addresses()).toSorted()).not.toContain("gamma");
    expect(pings("alpha", "beta")).toMatchObject({ code: 0 });
    expect(on("beta", "ping -c 1 -W 1 gamma.mesh").code).not.toBe(0);
    const lines = readFileSync(path.join(project.folder, "mesh/main.jsonl"), "utf8").trim().split("\n");
    expect(lines.length).toBeGreaterThan(4);
  });
});

describe("destroy", () => {
  it("leaves the machine as it was", async () => {
    await project.json(["destroy", "--yes"]);
    expect(await project.addresses()).toEqual({});
    expect(snapshotMachine()).toEqual(before);
  });
});
