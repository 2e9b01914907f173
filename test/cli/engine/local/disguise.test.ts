// What a host must not see of the machine, and which folders are covered.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { coveredFolders, planUpper } from "../../../../cli/engine/local/disguise.ts";
import { isKept, meshUnits, unitsToMask } from "../../../../cli/engine/local/unit.ts";

const facts = {
  state: "/var/lib/state",
  units: ["cron.service"],
  meshUnits: ["/etc/systemd/system/tunnelmesh-agent@.service"],
  sshFiles: ["sshd_config", "ssh_host_ed25519_key", "ssh_host_ecdsa_key", "ssh_host_ed25519_key-cert.pub"],
  sshdSnippets: ["50-company.conf"],
  sysctlSnippets: ["99-mine.conf"],
  shadow: "root:$y$j9T$secret:19000:0:99999:7:::\ndaemon:!:19000::::::\n",
  nameservers: ["192.0.2.53"],
};
const machineId = "0123456789abcdef0123456789abcdef";

describe("planUpper", () => {
  const plan = planUpper({ name: "alpha", internet: false, machineId }, facts);
  const file = (name: string): string | undefined => plan.files.find((one) => one.path === name)?.text;

  it("hides the machine's secrets, its meshes and its state", () => {
    for (const hidden of [
      "/var/lib/state",
      "/etc/tunnelmesh",
      "/opt/tunnelmesh",
      "/etc/systemd/system/tunnelmesh-agent@.service",
      "/etc/ssh/ssh_host_ecdsa_key",
      "/etc/ssh/ssh_host_ed25519_key-cert.pub",
      "/etc/ssh/sshd_config.d/50-company.conf",
      "/etc/sysctl.d/99-mine.conf",
    ]) {
      expect(plan.hidden).toContain(hidden);
    }
    expect(plan.hidden).not.toContain("/etc/ssh/ssh_host_ed25519_key");
    expect(plan.files.some((one) => plan.hidden.includes(one.path))).toBe(false);
  });

  it("hides nothing where a file of the host's own goes", () => {
    const nested = planUpper(
      { name: "alpha", internet: false, machineId },
      { ...facts, sshdSnippets: ["00-local-host.conf", "50-company.conf"] },
    );
    expect(nested.hidden).toContain("/etc/ssh/sshd_config.d/50-company.conf");
    expect(nested.files.some((one) => nested.hidden.includes(one.path))).toBe(false);
  });

  it("keeps accounts without their passwords", () => {
    expect(file("/etc/shadow")).toBe("root:*:19000:0:99999:7:::\ndaemon:*:19000::::::\n");
  });

  it("asks the machine's name servers only with internet access", () => {
    expect(file("/etc/resolv.conf")).not.toContain("nameserver");
    const online = planUpper({ name: "alpha", internet: true, machineId }, facts);
    expect(online.files.find((one) => one.path === "/etc/resolv.conf")?.text).toBe("nameserver 192.0.2.53\n");
  });

  it("gives the host its own identity", () => {
    expect(file("/etc/machine-id")).toBe(`${machineId}\n`);
    expect(file("/etc/hostname")).toBe("alpha\n");
    expect(plan.links).toEqual([{ path: "/var/lib/dbus/machine-id", target: "/etc/machine-id" }]);
  });
});

describe("coveredFolders", () => {
  it.each([
    [["/work/project"], ["/work/project"]],
    [["/root/project", "/home/me", "/tmp/x", "/srv/y/z"], []],
    [["/work", "/work/project"], ["/work"]],
    [["/", "/usr/bin", "/etc", "/var", "/var/lib", "/opt", "/dev/shm"], []],
    [
      ["/opt/project", "/var/lib/ci/workspace"],
      ["/opt/project", "/var/lib/ci/workspace"],
    ],
  ])("of %j", (folders, expected) => {
    expect(coveredFolders(folders)).toEqual(["/root", "/home", "/tmp", "/srv", ...expected]);
  });
});

describe("unitsToMask", () => {
  let root: string;
  beforeAll(() => {
    root = mkdtempSync(path.join(tmpdir(), "units-"));
    for (const folder of [
      "etc/systemd/system/multi-user.target.wants",
      "etc/systemd/system/timers.target.wants",
      "etc/systemd/system/custom.service.requires",
      "usr/lib/systemd/system/multi-user.target.wants",
      "usr/lib/systemd/system/sysinit.target.wants",
      "etc/rc3.d",
    ]) {
      mkdirSync(path.join(root, folder), { recursive: true });
    }
    const enable = (name: string): void => symlinkSync("/nowhere", path.join(root, name));
    enable("etc/systemd/system/multi-user.target.wants/postgresql.service");
    enable("etc/systemd/system/multi-user.target.wants/ssh.service");
    enable("etc/systemd/system/multi-user.target.wants/remote-fs.target");
    enable("etc/systemd/system/timers.target.wants/apt-daily.timer");
    enable("etc/systemd/system/custom.service.requires/other.service");
    enable("usr/lib/systemd/system/multi-user.target.wants/plymouth-quit.service");
    enable("usr/lib/systemd/system/sysinit.target.wants/systemd-udevd.service");
    enable("etc/rc3.d/S01exim4");
    enable("etc/rc3.d/K01gone");
    writeFileSync(path.join(root, "etc/systemd/system/tunnelmesh-agent@.service"), "");
  });
  afterAll(() => rmSync(root, { recursive: true, force: true }));

  it("finds what is enabled, from every source, but keeps what a server needs", async () => {
    expect(await unitsToMask(root)).toEqual(
      [
        "apt-daily.timer",
        "console-getty.service",
        "exim4.service",
        "getty-static.service",
        "other.service",
        "plymouth-quit.service",
        "postgresql.service",
        "systemd-networkd-wait-online.service",
        "tmp.mount",
      ].toSorted(),
    );
  });

  it("finds the units of a mesh of the machine", async () => {
    expect(await meshUnits(root)).toEqual(["/etc/systemd/system/tunnelmesh-agent@.service"]);
  });

  it.each(["ssh.service", "ssh.socket", "dbus.service", "systemd-logind.service", "systemd-journald-audit.socket"])(
    "keeps %s",
    (unit) => expect(isKept(unit)).toBe(true),
  );
  it.each(["cron.service", "docker.socket", "sshguard.service", "systemd-timesyncd.service", "dbusx.service"])(
    "does not keep %s",
    (unit) => expect(isKept(unit)).toBe(false),
  );
});
