// What hosts of several distributions say about themselves, and what follows: fit, refused with the right advice, or noted.
import { describe, expect, it } from "vitest";
import { type HostFacts, parseFacts } from "../../../../cli/engine/install/facts.ts";
import { hostFamily, installCommand } from "../../../../cli/engine/install/family.ts";
import { checkHost, hostNotes } from "../../../../cli/engine/install/refusals.ts";
import { nodeSpec } from "./host.ts";

interface Sample {
  readonly os: string;
  readonly like?: string;
  readonly machine?: string;
  readonly glibc?: string;
  readonly systemd?: string;
  readonly more?: Readonly<Record<string, string>>;
}

/** Lines as the script prints them on a server of that distribution. */
const samples: Readonly<Record<string, Sample>> = {
  "Debian 12": {
    os: "debian 12",
    glibc: "glibc 2.36",
    systemd: "systemd 252 (252.39-1~deb12u1)",
    more: { apparmor: "Y" },
  },
  "Debian 13": {
    os: "debian 13",
    glibc: "glibc 2.41",
    systemd: "systemd 257 (257.8-1~deb13u2)",
    more: { apparmor: "Y" },
  },
  "Ubuntu 22.04": {
    os: "ubuntu 22.04",
    like: "debian",
    glibc: "glibc 2.35",
    systemd: "systemd 249 (249.11-0ubuntu3.16)",
    more: { apparmor: "Y", "opt.mount": "rw,relatime,discard,errors=remount-ro" },
  },
  "Ubuntu 24.04": {
    os: "ubuntu 24.04",
    like: "debian",
    glibc: "glibc 2.39",
    systemd: "systemd 255 (255.4-1ubuntu8.10)",
    more: { apparmor: "Y" },
  },
  "Fedora 42": {
    os: "fedora 42",
    glibc: "glibc 2.41",
    systemd: "systemd 257 (257.7-1.fc42)",
    more: { selinux: "Enforcing", "opt.mount": "rw,relatime,seclabel,compress=zstd:1,ssd,subvol=/root" },
  },
  "RHEL 9": {
    os: "rhel 9.5",
    like: "fedora",
    glibc: "glibc 2.34",
    systemd: "systemd 252 (252-46.el9_5.2)",
    more: { selinux: "Enforcing" },
  },
  "Rocky 9": { os: "rocky 9.5", like: "rhel centos fedora", glibc: "glibc 2.34", systemd: "systemd 252 (252-46.el9)" },
};

function factsOf({ os, like = "", machine = "x86_64", glibc = "", systemd = "", more = {} }: Sample): HostFacts {
  const lines = {
    machine,
    os,
    like,
    memory: "4015520",
    selinux: "",
    apparmor: "",
    "opt.mount": "rw,relatime",
    glibc,
    uid: "0",
    ...(systemd === "" ? {} : { systemd }),
    tun: "yes",
    "free.opt": "/dev/sda1       20480580 3281120  16133764      17% /",
    "free.var": "/dev/sda1       20480580 3281120  16133764      17% /",
    end: "yes",
    ...more,
  };
  return parseFacts(
    Object.entries(lines)
      .map(([key, value]) => `${key}=${value}\n`)
      .join(""),
    "host",
  );
}

const refusal = (facts: HostFacts): { code?: string; advice?: readonly string[] } => {
  try {
    checkHost(facts, nodeSpec, true);
    return {};
  } catch (error) {
    return error as { code: string; advice: readonly string[] };
  }
};

describe("a host of each family", () => {
  it.each(Object.entries(samples))("%s is fit", (_, sample) => {
    const facts = factsOf(sample);
    expect(refusal(facts)).toEqual({});
    expect(facts.family).toBe(/debian|ubuntu/.test(sample.os) ? "debian" : "fedora");
  });

  it.each([
    ["Debian 12", "apt-get install -y iproute2 tar passwd"],
    ["Ubuntu 24.04", "apt-get install -y iproute2 tar passwd"],
    ["Fedora 42", "dnf install -y iproute tar shadow-utils"],
    ["RHEL 9", "dnf install -y iproute tar shadow-utils"],
  ])("%s that lacks programs is told how it gets them", (name, command) => {
    const facts = { ...factsOf(samples[name]!), missingTools: ["ip", "tar", "useradd", "groupadd"] };
    expect(refusal(facts)).toMatchObject({
      code: "TM_INSTALL_TOOLS",
      advice: [`Install them on the host: ${command}`],
    });
  });

  it("is told plainly of SELinux, AppArmor and little memory", () => {
    expect(hostNotes(factsOf(samples["Fedora 42"]!))).toEqual([expect.stringContaining("SELinux is enforcing")]);
    expect(hostNotes(factsOf(samples["Debian 13"]!))).toEqual([expect.stringContaining("AppArmor is on")]);
    const small = factsOf({ ...samples["Rocky 9"]!, more: { memory: "262144" } });
    expect(hostNotes(small)).toEqual([expect.stringContaining("256 MB of memory")]);
    expect(refusal(small)).toEqual({});
  });
});

describe("a host that is not fit", () => {
  const debian = samples["Debian 12"]!;
  it.each<[string, Sample, string]>([
    ["Alpine: no systemd", { os: "alpine 3.22.1" }, "TM_INSTALL_NO_SYSTEMD"],
    ["systemd with another C library", { os: "other 1", systemd: "systemd 257" }, "TM_INSTALL_LIBC"],
    ["CentOS 7: glibc too old", { os: "centos 7", glibc: "glibc 2.17", systemd: "systemd 219" }, "TM_INSTALL_LIBC"],
    ["a 32-bit Raspberry Pi", { ...debian, machine: "armv7l" }, "TM_INSTALL_ARCHITECTURE"],
    ["an arm64 host given an x64 release", { ...debian, machine: "aarch64" }, "TM_INSTALL_ARCHITECTURE"],
    ["read-only /opt", { ...debian, more: { "opt.mount": "ro,relatime" } }, "TM_INSTALL_READ_ONLY"],
    ["noexec /opt", { ...debian, more: { "opt.mount": "rw,nosuid,noexec" } }, "TM_INSTALL_NO_EXEC"],
  ])("is refused: %s", (_, sample, code) => {
    const refused = refusal(factsOf(sample));
    expect(refused.code).toBe(code);
    expect(refused.advice?.length).toBeGreaterThan(0);
  });
});

describe("hostile answers", () => {
  it.each([
    ["garbage", "\u0000\u001b[31m=\n".repeat(1000)],
    ["more than it may say", `end=yes\n${"x=".repeat(5 * 1024 * 1024)}`],
    ["sizes that are none", "machine=x86_64\nfree.opt=a b c NaN\nfree.var=1\nend=yes\n"],
    ["nothing", ""],
  ])("are refused: %s", (_, text) => {
    expect(() => parseFacts(text, "host")).toThrow(expect.objectContaining({ code: "TM_INSTALL_FACTS" }));
  });

  it("of odd values give a host that is unfit, never a crash", () => {
    const odd = factsOf({ os: "\u001b]0;x\u0007 'rm -rf'", like: "constructor __proto__", glibc: "glibc 999999.x" });
    expect(odd).toMatchObject({ family: "other", glibc: undefined });
    expect(hostFamily("toString", "")).toBe("other");
    expect(installCommand("debian", ["constructor"])).toContain("apt-get install -y");
  });
});
