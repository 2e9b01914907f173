// Targets, ssh_config and known_hosts as text: no server needed.
import { createHmac } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hostKeyPreference } from "../../../../cli/engine/ssh/algorithms.ts";
import { resolveTarget } from "../../../../cli/engine/ssh/configuration.ts";
import { hostKeyAlgorithms, hostKeyLine } from "../../../../cli/engine/ssh/host-key.ts";
import { knownHostName, lookUpKnownHost } from "../../../../cli/engine/ssh/known-hosts.ts";
import { quote } from "../../../../cli/engine/ssh/quote.ts";
import { parseTarget } from "../../../../cli/engine/ssh/target.ts";

let home: string;
beforeAll(() => {
  home = mkdtempSync(path.join(tmpdir(), "tm-ssh-config-"));
  mkdirSync(path.join(home, ".ssh"));
});
afterAll(() => rmSync(home, { recursive: true }));

const resolve = async (target: string, configuration = "", environment: Record<string, string> = {}) => {
  writeFileSync(path.join(home, ".ssh/config"), configuration);
  return resolveTarget(target, { home, localUser: "me", uid: 1, environment, useSshProgram: false });
};

describe("targets", () => {
  it.each([
    ["host", { host: "host" }],
    ["a@host:2222", { user: "a", host: "host", port: 2222 }],
    ["a@[fd00::1]:22", { user: "a", host: "fd00::1", port: 22 }],
    ["fd00::1", { host: "fd00::1" }],
    ["ssh://a@host:22/", { user: "a", host: "host", port: 22 }],
    ["a@b@host", { user: "a@b", host: "host" }],
  ])("reads %s", (text, expected) => expect(parseTarget(text)).toEqual(expected));

  it.each(["", "-oProxyCommand=x", "root@-x", "a b", "host;id", "$(id)", "`id`", "a@host:x"])("refuses %j", (text) => {
    expect(() => parseTarget(text)).toThrow(expect.objectContaining({ code: "TM_SSH_CONFIGURATION" }));
  });
});

describe("ssh_config", () => {
  it("goes without: port 22, the local user, default files", async () => {
    expect(await resolve("host")).toMatchObject({
      host: "host",
      port: 22,
      user: "me",
      jumps: [],
      identityFiles: undefined,
      agent: undefined,
    });
  });

  it("takes the first value, collects keys, and lets the target win", async () => {
    const text =
      "Host hub\n HostName 192.0.2.1\n User one\n Port 2022\n IdentityFile ~/a\n IdentityFile %d/b-%r\nHost *\n User two\n Port 1\n";
    expect(await resolve("hub", text)).toMatchObject({ host: "192.0.2.1", user: "one", port: 2022 });
    expect(await resolve("root@hub:7", text)).toMatchObject({ user: "root", port: 7 });
    expect((await resolve("hub", text)).identityFiles).toEqual([`${home}/a`, `${home}/b-one`]);
  });

  it("reads jumps, agents and aliases of host keys", async () => {
    const text = "host hub\n proxyjump a@b:2,c\n identityagent ~/agent\n hostkeyalias Known\n";
    expect(await resolve("hub", text)).toMatchObject({
      jumps: ["a@b:2", "c"],
      agent: `${home}/agent`,
      hostKeys: { alias: "known" },
    });
    expect(
      await resolve("hub", "Host hub\n ProxyJump none\n IdentityAgent none\n", { SSH_AUTH_SOCK: "/x" }),
    ).toMatchObject({
      jumps: [],
      agent: undefined,
    });
    expect((await resolve("hub", "", { SSH_AUTH_SOCK: "/x" })).agent).toBe("/x");
  });

  it("refuses a port that is none, and a file that includes itself for ever", async () => {
    await expect(resolve("hub", "Host hub\n Port nine\n")).rejects.toThrow(/port/);
    await expect(resolve("hub", "Include ~/.ssh/config\n")).rejects.toThrow(/nested too deeply/);
  });
});

describe("known_hosts", () => {
  const found = (text: string, name: string) => lookUpKnownHost(text, name, "f").map(({ line }) => line);

  it("matches plain names, lists, patterns and exceptions", () => {
    const text =
      "# comment\nA.example,b.example ssh-rsa AAAA\n*.net,!bad.net ssh-ed25519 BBBB comment\n[c]:2222 ssh-ed25519 CCCC\n";
    expect(found(text, "a.example")).toEqual(["ssh-rsa AAAA"]);
    expect(found(text, "x.net")).toEqual(["ssh-ed25519 BBBB"]);
    expect(found(text, "bad.net")).toEqual([]);
    expect(found(text, knownHostName("C", 2222))).toEqual(["ssh-ed25519 CCCC"]);
    expect(found(text, knownHostName("c", 22))).toEqual([]);
    expect(found("a.b ssh-rsa AAAA", "axb")).toEqual([]);
  });

  it("matches hashed names and no others", () => {
    fc.assert(
      fc.property(fc.domain(), fc.uint8Array({ minLength: 20, maxLength: 20 }), (name, salt) => {
        const hash = createHmac("sha1", salt).update(name).digest("base64");
        const text = `|1|${Buffer.from(salt).toString("base64")}|${hash} ssh-ed25519 AAAA`;
        expect(found(text, name)).toEqual(["ssh-ed25519 AAAA"]);
        expect(found(text, `x${name}`)).toEqual([]);
      }),
      { numRuns: 30 },
    );
  });

  it("reads any text without failing", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (text, name) => Array.isArray(found(text, name))),
      { numRuns: 200 },
    );
  });

  it("marks revoked keys and authorities", () => {
    expect(lookUpKnownHost("@revoked h ssh-rsa A\n@cert-authority h ssh-rsa B", "h", "f")).toEqual([
      { type: "ssh-rsa", line: "ssh-rsa A", revoked: true, authority: false, anyPort: false, place: "f:1" },
      { type: "ssh-rsa", line: "ssh-rsa B", revoked: false, authority: true, anyPort: false, place: "f:2" },
    ]);
  });
});

describe("host keys", () => {
  const options = { alias: undefined, files: [], newKeys: undefined, hash: false, revoked: undefined, ask: true };
  const knowledge = { target: "t", name: "t", pinned: undefined, known: [], options };

  it("asks for Ed25519 first and for what is known before that", () => {
    expect(hostKeyAlgorithms(knowledge, hostKeyPreference)[0]).toBe("ssh-ed25519");
    const known = [{ type: "ssh-rsa", line: "ssh-rsa A", revoked: false, authority: false, anyPort: false, place: "" }];
    expect(hostKeyAlgorithms({ ...knowledge, known }, hostKeyPreference).slice(0, 3)).toEqual([
      "rsa-sha2-512",
      "rsa-sha2-256",
      "ssh-ed25519",
    ]);
    expect(hostKeyAlgorithms({ ...knowledge, pinned: "ecdsa-sha2-nistp256 A" }, hostKeyPreference)[0]).toBe(
      "ecdsa-sha2-nistp256",
    );
  });

  it("refuses a blob without a type", () => {
    for (const bytes of [[], [0, 0, 0, 0], [0, 0, 0, 2, 0x20, 0x20], [255, 255, 255, 255, 65]]) {
      expect(() => hostKeyLine(Buffer.from(bytes))).toThrow(RangeError);
    }
  });
});

it("quotes any text as one word", () => {
  expect(quote("plain-1.2/x")).toBe("plain-1.2/x");
  expect(quote("it's")).toBe(String.raw`'it'\''s'`);
  expect(quote("")).toBe("''");
  expect(() => quote("a\0b")).toThrow(RangeError);
});
