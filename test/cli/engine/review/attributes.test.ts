// Attributes that change: what is marked, named or derived as sensitive is never among the values.
import { describe, expect, it } from "vitest";
import { attributesOf, markedSecrets } from "../../../../cli/engine/review/attributes.ts";
import { isSensitiveName } from "../../../../cli/engine/review/sensitive-attributes.ts";
import type { ShownChange } from "../../../../cli/engine/review/show.ts";

const change = (given: Partial<ShownChange>): ShownChange => ({ actions: ["update"], ...given });

describe("attributes", () => {
  it("are those that differ, by path, with what is known after apply", () => {
    const shown = attributesOf("x", {
      ...change({ before: { size: "a", same: 1, list: ["x"], nested: { deep: 1 }, empty: null, gone: "y" } }),
      after: { size: "b", same: 1, list: ["x", "y"], nested: { deep: 2 }, empty: "" },
      after_unknown: { id: true, list: [false, false] },
    });
    expect(shown).toEqual([
      { path: "gone", before: "y", after: null, unknown: false, sensitive: false },
      { path: "id", before: null, after: null, unknown: true, sensitive: false },
      { path: "list", before: ["x"], after: ["x", "y"], unknown: false, sensitive: false },
      { path: "nested.deep", before: 1, after: 2, unknown: false, sensitive: false },
      { path: "size", before: "a", after: "b", unknown: false, sensitive: false },
    ]);
  });

  it("of blocks are those that come and those that go, wherever they stand", () => {
    const rule = (port: string) => ({ port_range: port, source: null });
    const shown = attributesOf(
      "x",
      change({ before: { rule: [rule("1"), rule("2")] }, after: { rule: [rule("2"), rule("3")] } }),
    );
    expect(shown).toMatchObject([
      { path: "rule[]", before: { port_range: "1" }, after: null },
      { path: "rule[]", before: null, after: { port_range: "3" } },
    ]);
  });

  it.each<[string, ShownChange]>([
    [
      "marked",
      change({
        before: { a: "SECRET1" },
        after: { a: "SECRET2" },
        before_sensitive: { a: true },
        after_sensitive: { a: true },
      }),
    ],
    ["marked on one side", change({ before: { a: "SECRET1" }, after: { a: "SECRET2" }, after_sensitive: { a: true } })],
    [
      "marked as a whole",
      change({
        before: { a: { b: "SECRET1" } },
        after: { a: { b: "SECRET2" } },
        before_sensitive: true,
        after_sensitive: true,
      }),
    ],
    [
      "marked in a list",
      change({ before: { a: ["x", "SECRET1"] }, after: { a: ["x"] }, before_sensitive: { a: [false, true] } }),
    ],
    [
      "marked in a block",
      change({
        before: { a: [{ b: "SECRET1" }] },
        after: { a: [{ b: "SECRET2" }] },
        before_sensitive: { a: [{ b: true }] },
        after_sensitive: { a: [{ b: true }] },
      }),
    ],
    ["named user_data", change({ before: { user_data: "SECRET1" }, after: { user_data: "SECRET2" } })],
    ["named so in a block", change({ before: { a: [{ password: "SECRET1" }] }, after: { a: [] } })],
    ["named so in a map", change({ before: { a: { api_token: "SECRET1" } }, after: { a: { api_token: "SECRET2" } } })],
    ["below such a name", change({ before: { secret: { x: "SECRET1" } }, after: { secret: { x: "SECRET2" } } })],
  ])("that are %s show that they change, and nothing else", (_, given) => {
    const shown = attributesOf("x", given);
    expect(shown.length).toBeGreaterThan(0);
    expect(JSON.stringify(shown)).not.toContain("SECRET");
    expect(JSON.stringify(shown)).toContain("(sensitive)");
    expect(markedSecrets("x", given)).toContain("SECRET1");
  });
});

describe("sensitive names", () => {
  it("are those that the provider's schema marks, of its types alone", () => {
    expect(isSensitiveName("digitalocean_database_user", "access_cert")).toBe(true);
    expect(isSensitiveName("digitalocean_database_cluster", "ui_uri")).toBe(true);
    expect(isSensitiveName("digitalocean_droplet", "access_cert")).toBe(false);
  });

  it("are not those of public things", () => {
    for (const name of ["public_key", "ssh_keys", "name", "region", "tags", "value", "fingerprint"]) {
      expect(isSensitiveName("digitalocean_droplet", name)).toBe(false);
    }
  });
});
