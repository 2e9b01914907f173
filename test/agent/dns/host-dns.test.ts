// resolv.conf: our block in, our block out, and everything else byte for byte as it was, also after a crash.
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { installResolver, type ResolverFile, restoreResolver } from "../../../agent/system/dns-file.ts";
import { insertBlock, nameserversOf, removeBlock, usesResolved } from "../../../agent/system/dns-text.ts";

const before = "# by hand\nsearch example.org\nnameserver 198.18.0.53\nnameserver fd00::53\noptions edns0\n";
let folder: string;
let resolver: ResolverFile;

beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), "tm-dns-"));
  resolver = { file: path.join(folder, "resolv.conf"), backup: path.join(folder, "backup.json"), mesh: "demo-dev" };
  writeFileSync(resolver.file, before, { mode: 0o640 });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const text = (): string => readFileSync(resolver.file, "utf8");

describe("resolv.conf", () => {
  it("gets our resolver first, keeps the others, and is restored exactly", async () => {
    expect(await installResolver(resolver, "100.64.0.1")).toEqual(["198.18.0.53", "fd00::53"]);
    expect(nameserversOf(text())).toEqual(["100.64.0.1", "198.18.0.53", "fd00::53"]);
    expect(text().endsWith(before)).toBe(true);
    expect(await installResolver(resolver, "100.64.0.1")).toEqual(["198.18.0.53", "fd00::53"]);
    expect(await restoreResolver(resolver)).toBe(true);
    expect(text()).toBe(before);
    expect(statSync(resolver.file).mode & 0o777).toBe(0o640);
    expect(existsSync(resolver.backup)).toBe(false);
    expect(await restoreResolver(resolver)).toBe(false);
    expect(text()).toBe(before);
  });

  it("keeps what others changed meanwhile", async () => {
    await installResolver(resolver, "100.64.0.1");
    writeFileSync(resolver.file, `${text()}nameserver 198.18.0.54\n`);
    await restoreResolver(resolver);
    expect(text()).toBe(`${before}nameserver 198.18.0.54\n`);
    await installResolver(resolver, "100.64.0.1");
    writeFileSync(resolver.file, "nameserver 198.18.0.99\n");
    await restoreResolver(resolver);
    expect(text()).toBe("nameserver 198.18.0.99\n");
  });

  it("that was cut while it was written gets its old text back", async () => {
    await installResolver(resolver, "100.64.0.1");
    const written = text();
    const backup = readFileSync(resolver.backup, "utf8");
    await fc.assert(
      fc.asyncProperty(fc.nat(written.length), async (cut) => {
        writeFileSync(resolver.backup, backup);
        writeFileSync(resolver.file, written.slice(0, cut));
        await restoreResolver(resolver);
        expect(text()).toBe(before);
      }),
      { numRuns: 30 },
    );
  });

  it("that was not there is not there afterwards", async () => {
    rmSync(resolver.file);
    expect(await installResolver(resolver, "100.64.0.1")).toEqual([]);
    expect(nameserversOf(text())).toEqual(["100.64.0.1"]);
    await restoreResolver(resolver);
    expect(existsSync(resolver.file)).toBe(false);
  });

  it("behind a symbolic link is changed where it lies, and the link stays", async () => {
    const link = path.join(folder, "link");
    symlinkSync("resolv.conf", link);
    await installResolver({ ...resolver, file: link }, "100.64.0.1");
    expect(nameserversOf(text())[0]).toBe("100.64.0.1");
    await restoreResolver({ ...resolver, file: link });
    expect(text()).toBe(before);
    expect(readFileSync(link, "utf8")).toBe(before);
  });

  it("carries the blocks of two meshes, each taken out alone, in any order", () => {
    const both = insertBlock(insertBlock(before, "one", "100.64.0.1"), "two", "100.65.0.1");
    expect(nameserversOf(both).slice(0, 2)).toEqual(["100.65.0.1", "100.64.0.1"]);
    expect(removeBlock(removeBlock(both, "one"), "two")).toBe(before);
    expect(removeBlock(removeBlock(both, "two"), "one")).toBe(before);
  });

  it("with any text comes back as it was", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (any) => {
        expect(removeBlock(insertBlock(any, "demo", "100.64.0.1"), "demo")).toBe(any);
      }),
    );
  });

  it("is left to systemd-resolved where that alone answers", () => {
    expect(usesResolved("nameserver 127.0.0.53\noptions edns0\n")).toBe(true);
    expect(usesResolved(before)).toBe(false);
    expect(usesResolved("nameserver 127.0.0.53\nnameserver 198.18.0.53\n")).toBe(false);
    expect(usesResolved("")).toBe(false);
  });
});
