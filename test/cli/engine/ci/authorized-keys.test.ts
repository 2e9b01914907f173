// The lines that let CI log in: written where they lack, taken away when a token has ended, everybody else's left as they are.
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { authorizeCi } from "../../../../cli/engine/ci/authorized-keys.ts";
import type { CiLogin } from "../../../../cli/engine/ci/login.ts";

let home: string;
beforeEach(() => {
  home = mkdtempSync(path.join(tmpdir(), "tm-authorized-"));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

/** A host whose account has its home there, one hour east of Greenwich. */
const host = {
  check: async (command: string, options?: { readonly stdin?: unknown }) =>
    execFileSync("sh", ["-c", command], {
      input: String(options?.stdin ?? ""),
      encoding: "utf8",
      env: { PATH: process.env["PATH"], HOME: home, TZ: "UTC-1" },
    }),
};
const file = () => path.join(home, ".ssh/authorized_keys");
const read = () => readFileSync(file(), "utf8");
const login = (tid: string, expires = 1_800_000_000): CiLogin => ({ tid, expires, line: `ssh-ed25519 AAAA${tid}` });
const line = (tid: string) =>
  `expiry-time="20270115090000",no-agent-forwarding,no-pty,no-user-rc,no-X11-forwarding ssh-ed25519 AAAA${tid} tunnelmesh-ci:office-main:${tid}\n`;

describe("authorizeCi", () => {
  it("makes the file, changes nothing the second time, and keeps exactly the live ones", async () => {
    expect(await authorizeCi(host, "office-main", [login("aa"), login("bb")])).toBe(true);
    expect(read()).toBe(line("aa") + line("bb"));
    expect(statSync(file()).mode & 0o777).toBe(0o600);
    expect(await authorizeCi(host, "office-main", [login("aa"), login("bb")])).toBe(false);
    expect(await authorizeCi(host, "office-main", [login("bb")])).toBe(true);
    expect(read()).toBe(line("bb"));
    expect(readdirSync(path.join(home, ".ssh"))).toEqual(["authorized_keys"]);
  });

  it("leaves the lines of people and of other meshes alone", async () => {
    mkdirSync(path.join(home, ".ssh"));
    // The last line has no end, as editors leave it.
    const others =
      "ssh-ed25519 AAAAalice alice\nssh-ed25519 AAAAx tunnelmesh-ci:office-prod:cc\n# office-main\nssh-rsa AAAAbob bob";
    writeFileSync(file(), others);
    chmodSync(file(), 0o644);
    await authorizeCi(host, "office-main", [login("aa")]);
    expect(read()).toBe(`${others}\n${line("aa")}`);
    expect(statSync(file()).mode & 0o777).toBe(0o644);
    await authorizeCi(host, "office-main", []);
    expect(read()).toBe(`${others}\n`);
  });

  it("makes nothing where there is nothing to allow, and follows a link", async () => {
    expect(await authorizeCi(host, "office-main", [])).toBe(false);
    expect(readdirSync(path.join(home, ".ssh"))).toEqual([]);
    writeFileSync(path.join(home, "keys"), "");
    symlinkSync(path.join(home, "keys"), file());
    await authorizeCi(host, "office-main", [login("aa")]);
    expect(readFileSync(path.join(home, "keys"), "utf8")).toBe(line("aa"));
  });
});
