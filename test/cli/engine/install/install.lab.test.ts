// Real installs on a container with systemd: from nothing, again, interrupted, as a user with sudo, and off again.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { agentRequest, coordinatorRequest } from "../../../../cli/engine/install/control.ts";
import { readFacts } from "../../../../cli/engine/install/facts.ts";
import { makeNetworkSecret, readNetworkSecret } from "../../../../cli/engine/install/network-secret.ts";
import { planInstall } from "../../../../cli/engine/install/plan.ts";
import { uninstall } from "../../../../cli/engine/install/uninstall.ts";
import type { HostConnection } from "../../../../cli/engine/ssh/connection.ts";
import { networkSecretSchema } from "../../../../protocol/host/configuration.ts";
import { type InstallLab, install, openInstallLab } from "./container.ts";

const mesh = "demo-main";
let lab: InstallLab;
let connection: HostConnection;
let spec: Awaited<ReturnType<InstallLab["specification"]>>;

beforeAll(async () => {
  lab = await openInstallLab();
  connection = await lab.connect();
  spec = await lab.specification(connection, mesh);
});
beforeEach(() => uninstall(connection, mesh));
afterAll(async () => {
  connection?.close();
  await lab?.close();
});

/** What a host shows of us anywhere. */
const traces = () =>
  connection.check(
    "ls -d /opt/tunnelmesh* /etc/tunnelmesh* /var/lib/tunnelmesh /run/tunnelmesh* /etc/systemd/system/tunnelmesh* " +
      "/etc/systemd/system/*/tunnelmesh* 2>/dev/null; getent passwd | grep tunnelmesh; getent group | grep tunnelmesh; " +
      "systemctl list-units --all --no-legend 'tunnelmesh*'; ip -o link | grep tm0; cat /etc/resolv.conf; true",
  );

/** The coordinator first, then its secret, then the agent: as a deploy does it. */
async function installHub(host: HostConnection): Promise<string[]> {
  const { agent: _agent, ...coordinatorOnly } = spec;
  const steps = await install(host, coordinatorOnly);
  await makeNetworkSecret(host, mesh);
  return [...steps, ...(await install(host, spec))];
}

describe("an install", () => {
  it("brings both services up, changes nothing the second time, and leaves no trace when it goes", async () => {
    const before = await traces();
    expect(await installHub(connection)).toEqual(
      expect.arrayContaining(["upload", "start-coordinator", "start-agent", "record"]),
    );
    expect(await coordinatorRequest(connection, mesh, { method: "status" })).toMatchObject({
      mesh,
      meshId: spec.meshId,
    });
    expect(await agentRequest(connection, mesh, { method: "status" })).toMatchObject({ mesh, meshId: spec.meshId });
    const started = await connection.check("systemctl show -p ActiveEnterTimestampMonotonic 'tunnelmesh-*'");
    expect(await install(connection, spec)).toEqual([]);
    expect(await connection.check("systemctl show -p ActiveEnterTimestampMonotonic 'tunnelmesh-*'")).toBe(started);
    await uninstall(connection, mesh);
    expect(await traces()).toBe(before);
    await uninstall(connection, mesh);
  });

  it("keeps agent and coordinator apart, and secrets from everybody", async () => {
    await installHub(connection);
    const asCoordinator = (command: string) =>
      connection.run(`setpriv --reuid tunnelmesh-coordinator --regid tunnelmesh --clear-groups ${command}`, {
        root: true,
      });
    expect((await asCoordinator(`ls /var/lib/tunnelmesh/${mesh}/agent`)).code).not.toBe(0);
    expect((await asCoordinator(`cat /etc/tunnelmesh/${mesh}/agent.json`)).code).toBe(0);
    expect(await connection.check(`stat -c '%a %U' /var/lib/tunnelmesh/${mesh}/agent/network-secret.json`)).toBe(
      "600 root\n",
    );
    expect(
      await connection.check(
        `find /opt/tunnelmesh /etc/tunnelmesh /etc/systemd/system/tunnelmesh* -perm /022 ! -type l`,
      ),
    ).toBe("");
    const pid = (await connection.check(`systemctl show -p MainPID --value tunnelmesh-coordinator@${mesh}`)).trim();
    // Its own view of the host has no socket of the agent.
    expect(
      (await connection.run(`nsenter -t ${pid} -m ls /run/tunnelmesh/${mesh}.sock`, { root: true })).code,
    ).not.toBe(0);
    expect(await connection.check(`grep CapEff /proc/${pid}/status`)).toBe("CapEff:\t0000000000000400\n");
  });

  it("makes one network secret, however often it is asked, and reads it into memory", async () => {
    const { agent: _agent, ...coordinatorOnly } = spec;
    await expect(readNetworkSecret(connection, mesh)).rejects.toMatchObject({ code: "TM_INSTALL_NO_SECRET" });
    await install(connection, coordinatorOnly);
    await Promise.all([makeNetworkSecret(connection, mesh), makeNetworkSecret(connection, mesh)]);
    const secret = await readNetworkSecret(connection, mesh);
    await makeNetworkSecret(connection, mesh);
    expect(await readNetworkSecret(connection, mesh)).toBe(secret);
    expect(networkSecretSchema.parse(JSON.parse(secret))).toMatchObject({
      mesh: spec.meshId,
      generations: [{ gen: 1 }],
    });
    expect(await connection.check(`ls -A /var/lib/tunnelmesh/${mesh}/agent`)).toBe("network-secret.json\n");
  });

  it("goes on after it was stopped at any step, and after its upload was torn", async () => {
    for (const title of ["upload", "uploading", "write /etc/tunnelmesh", "switch", "start the coordinator"]) {
      const aborter = new AbortController();
      const stopper = await lab.connect();
      const { agent: _agent, ...coordinatorOnly } = spec;
      const plan = planInstall(await readFacts(stopper, mesh), coordinatorOnly);
      const { executeInstall } = await import("../../../../cli/engine/install/execute.ts");
      const update = (text: string) => {
        if (text.startsWith(title)) aborter.abort(new Error("killed"));
      };
      await executeInstall(stopper, plan, { progress: { update }, signal: aborter.signal }).catch((error: unknown) => {
        expect(error).toMatchObject({ message: expect.stringMatching(/killed|aborted/) });
      });
      stopper.close();
    }
    await installHub(connection);
    expect(await install(connection, spec)).toEqual([]);
    expect(await connection.check("ls /opt/tunnelmesh/releases | wc -l")).toBe("1\n");
  });

  it("says what a service's log says when it does not start", async () => {
    const { agent: _agent, ...coordinatorOnly } = spec;
    const broken = { ...coordinatorOnly, meshFile: "not a mesh file\n" };
    await expect(install(connection, broken)).rejects.toMatchObject({
      code: "TM_INSTALL_SERVICE",
      message: expect.stringContaining("mesh.jsonl"),
    });
    expect(await install(connection, coordinatorOnly)).toContain("start-coordinator");
  });

  it("keeps the release before for going back and removes older ones", async () => {
    const { agent: _agent, ...coordinatorOnly } = spec;
    const folder = mkdtempSync("/var/tmp/tm-releases-");
    try {
      for (const letter of ["1", "2", "3"]) {
        const hash = letter.repeat(64);
        const copy = path.join(folder, letter);
        execFileSync("cp", ["-al", spec.release.folder, copy]);
        const text = readFileSync(path.join(copy, "release.json"), "utf8").replace(spec.release.hash, hash);
        execFileSync("sh", ["-c", 'rm "$1" && cat > "$1"', "sh", path.join(copy, "release.json")], { input: text });
        await install(connection, { ...coordinatorOnly, release: { ...spec.release, hash, folder: copy } });
      }
      const version = spec.release.version;
      expect(await connection.check("ls /opt/tunnelmesh/releases")).toBe(
        `${version}-${"2".repeat(16)}\n${version}-${"3".repeat(16)}\n`,
      );
      expect(await connection.check(`readlink /opt/tunnelmesh/${mesh}/previous`)).toContain("2222");
      expect(readdirSync(folder).filter((name) => name.includes("packing"))).toEqual([]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it("refuses a host that belongs to another mesh of this name", async () => {
    const { agent: _agent, ...coordinatorOnly } = spec;
    await install(connection, coordinatorOnly);
    const other = await lab.specification(connection, mesh);
    await expect(install(connection, other)).rejects.toMatchObject({ code: "TM_INSTALL_OTHER_MESH" });
  });
});

describe("a user who is not root", () => {
  const password = "correct-horse";
  const sudoers = (line: string) =>
    connection.writeFile("/etc/sudoers.d/deployer", `deployer ${line}\n`, { mode: 0o440 });

  beforeAll(async () => {
    await connection.check(
      // Local hosts hide the machine's own rules; these are the host's.
      "set -e; mkdir -p -m 750 /etc/sudoers.d; useradd --create-home --home-dir /var/deployer --shell /bin/bash deployer; " +
        "install -d -o deployer -m 700 /var/deployer/.ssh; cat > /var/deployer/.ssh/authorized_keys; chown deployer /var/deployer/.ssh/*; " +
        "rm -f /run/nologin",
      { stdin: readFileSync(path.join(lab.home, ".ssh/id_ed25519.pub")) },
    );
    const perl = `print crypt("${password}", q($6$saltsalt$))`;
    await connection.check(`usermod -p "$(perl -e '${perl}')" deployer`);
  });

  it("is told that there is no sudo", async () => {
    const operator = await lab.connect("deployer");
    await connection.run("mv /usr/bin/sudo /usr/bin/sudo.away");
    await expect(operator.check("id -u", { root: true })).rejects.toMatchObject({ code: "TM_SSH_NO_SUDO" });
    await connection.run("mv /usr/bin/sudo.away /usr/bin/sudo");
    operator.close();
  });

  it("installs through sudo, without a password and with one, and talks to the services", async () => {
    await bringSudo(connection);
    await sudoers("ALL=(ALL) NOPASSWD: ALL");
    const free = await lab.connect("deployer");
    await installHub(free);
    expect(await agentRequest(free, mesh, { method: "status" })).toMatchObject({ mesh });
    free.close();
    await sudoers("ALL=(ALL) ALL");
    const asked: string[] = [];
    const answers = ["wrong", password];
    const askSecret = async (question: string) => {
      asked.push(question);
      return answers.shift() ?? "";
    };
    const operator = await lab.connect("deployer", { askSecret });
    expect(await operator.check("id -u; cat", { root: true, stdin: "input" })).toBe("0\ninput");
    expect(await coordinatorRequest(operator, mesh, { method: "status" })).toMatchObject({ mesh });
    expect(asked).toHaveLength(2);
    operator.close();
    const mute = await lab.connect("deployer");
    await expect(mute.check("true", { root: true })).rejects.toMatchObject({ code: "TM_SSH_SUDO_PASSWORD" });
    mute.close();
  });
});

/** Hosts have no way out, so the machine fetches what it lacks itself. */
async function bringSudo(host: HostConnection): Promise<void> {
  if ((await host.run("command -v sudo")).code === 0) return;
  const folder = mkdtempSync("/var/tmp/tm-sudo-");
  try {
    execFileSync("apt-get", ["download", "-qq", "sudo"], { cwd: folder, stdio: "ignore" });
    const [file = ""] = readdirSync(folder);
    await host.writeFile("/var/sudo.deb", readFileSync(path.join(folder, file)), { mode: 0o644 });
    await host.check("DEBIAN_FRONTEND=noninteractive dpkg -i /var/sudo.deb");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
