// Whatever a file or a host holds, reading it ends, and says so with an error of its own where it makes no sense.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { PassThrough } from "node:stream";
import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import { parseCertificate } from "../../../../cli/engine/ssh/certificate.ts";
import { resolveTarget } from "../../../../cli/engine/ssh/configuration.ts";
import { readPublicLine } from "../../../../cli/engine/ssh/key-file.ts";
import { lookUpKnownHost } from "../../../../cli/engine/ssh/known-hosts.ts";
import { matchesPattern } from "../../../../cli/engine/ssh/patterns.ts";
import { scanCertificate } from "../../../../cli/engine/ssh/scan-certificate.ts";
import { parseTarget } from "../../../../cli/engine/ssh/target.ts";
import { visible, visibleLines } from "../../../../cli/engine/ssh/visible.ts";
import { isTunnelMeshError } from "../../../../protocol/errors/error.ts";
import { SshFormatError, sshString } from "../../../../protocol/trust/ssh-wire.ts";

let home: string;
beforeAll(() => {
  home = mkdtempSync(path.join(tmpdir(), "tm-ssh-fuzz-"));
  mkdirSync(path.join(home, ".ssh"));
});
afterAll(() => rmSync(home, { recursive: true }));

const keywords =
  "Host Match HostName Port User IdentityFile ProxyJump ProxyCommand Include UserKnownHostsFile ConnectTimeout";
const word = fc.oneof(
  fc.constantFrom(
    "*",
    "!h",
    "h",
    "all",
    "final",
    "!host",
    "user",
    "%h",
    "%%",
    "%",
    "%C",
    "~/x",
    "none",
    "'",
    '"',
    "=",
    "#",
    "9",
  ),
  fc.string({ maxLength: 12 }),
);
const line = fc
  .tuple(fc.constantFrom(...keywords.split(" ")), fc.array(word, { maxLength: 5 }))
  .map(([keyword, words]) => `${keyword} ${words.join(" ")}`);

it("ssh_config gives a target or an error of ours", async () => {
  const property = fc.asyncProperty(fc.array(line, { maxLength: 12 }), async (lines) => {
    // exec runs what it says: that is ssh's, and not for random text.
    writeFileSync(path.join(home, ".ssh/config"), lines.join("\n").replaceAll(/exec/gi, "all"));
    const options = { home, localUser: "me", uid: 1, environment: {}, useSshProgram: false };
    const outcome = await resolveTarget("h", options).catch((error: unknown) => error);
    if (outcome instanceof Error) expect(isTunnelMeshError(outcome)).toBe(true);
  });
  await fc.assert(property, { numRuns: 300 });
});

it("targets are taken or refused, and hold nothing that a shell would read", () => {
  const property = fc.property(fc.string({ maxLength: 40 }), (text) => {
    try {
      const { host, user = "" } = parseTarget(text);
      expect(`${user}${host}`).not.toMatch(/[\s'"`$;|&<>\\{}]/);
      expect(host.startsWith("-")).toBe(false);
    } catch (error) {
      if (!isTunnelMeshError(error)) throw error;
    }
  });
  fc.assert(property, { numRuns: 500 });
});

it("known_hosts holds what it holds, and a long line of stars is not slow", () => {
  const hosts = fc.array(fc.constantFrom("h", "*", "!h", "?", "[h]:22", "|1|AA==|AA==", "@revoked", "#", ","), {
    maxLength: 9,
  });
  fc.assert(
    fc.property(hosts, fc.string({ maxLength: 30 }), (words, rest) => {
      for (const key of lookUpKnownHost(`${words.join(" ")} ${rest}`, "[h]:22", "f"))
        expect(key.line).toContain(key.type);
    }),
    { numRuns: 300 },
  );
  const started = performance.now();
  expect(matchesPattern("*a".repeat(2000), "a".repeat(1999))).toBe(false);
  expect(performance.now() - started).toBeLessThan(2000);
});

it("patterns match as the simplest reading of them does", () => {
  const slow = (pattern: string, text: string): boolean => {
    if (pattern === "") return text === "";
    if (pattern[0] === "*") return slow(pattern.slice(1), text) || (text !== "" && slow(pattern, text.slice(1)));
    return text !== "" && (pattern[0] === "?" || pattern[0] === text[0]) && slow(pattern.slice(1), text.slice(1));
  };
  const letters = (...from: string[]) =>
    fc.array(fc.constantFrom(...from), { maxLength: 8 }).map((all) => all.join(""));
  fc.assert(
    fc.property(letters("a", "b", "*", "?"), letters("a", "b"), (pattern, text) => {
      expect(matchesPattern(pattern, text)).toBe(slow(pattern, text));
    }),
    { numRuns: 1000 },
  );
});

it("certificates and public keys are read or refused", () => {
  const type = "ssh-ed25519-cert-v01@openssh.com";
  const property = fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 12 }), (fields) => {
    const blob = Buffer.concat([sshString(type), ...fields.map(sshString)]);
    readPublicLine(`${type} ${blob.toString("base64")}`);
    try {
      parseCertificate(blob);
    } catch (error) {
      if (!(error instanceof SshFormatError)) throw error;
    }
  });
  fc.assert(property, { numRuns: 300 });
});

it("a server that answers anything is left in time when it is asked for a certificate", async () => {
  const property = fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 6 }), async (chunks) => {
    const stream = new PassThrough();
    // It hears itself first, which is a greeting; then the noise.
    const scanned = scanCertificate(stream, { algorithms: ["ssh-ed25519-cert-v01@openssh.com"], timeout: 1000 });
    for (const chunk of chunks) stream.write(chunk);
    stream.end();
    expect(await scanned).toBeUndefined();
  });
  await fc.assert(property, { numRuns: 50 });
});

it("what is shown holds no control character, and lines stay lines", () => {
  const control = /[\p{Cc}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      expect(visible(text, 100)).not.toMatch(control);
      expect(visibleLines(text, 100).replaceAll(/[\n\t]/g, "")).not.toMatch(control);
    }),
    { numRuns: 500 },
  );
});
