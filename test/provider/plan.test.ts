// How the stand-in plans: what is known after apply, defaults, what replaces, sets, and what a script becomes.
import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { planChange, withoutUnknowns } from "../../provider/plan.ts";
import { resources } from "../../provider/resources/index.ts";
import { fillIn, resourceSchemas } from "../../provider/schema.ts";
import { type Attributes, decodeAttributes, encodeAttributes, sameValue, unknown } from "../../provider/value.ts";

function plan(type: string, prior: Attributes | null, config: Attributes | null) {
  const schema = resourceSchemas[type]!;
  const whole = (value: Attributes | null) => (value === null ? null : fillIn(schema.block, value));
  const before = whole(prior);
  const wanted = whole(config);
  // As Terraform merges them: computed attributes that nobody set keep what they were.
  const kept = Object.entries(wanted ?? {}).map(([name, value]) => {
    const { computed = false } = schema.block.attributes?.[name] ?? {};
    return [name, value ?? (computed ? (before?.[name] ?? null) : null)];
  });
  const proposed = wanted === null ? null : (Object.fromEntries(kept) as Attributes);
  return planChange(schema, resources[type]!, before, proposed, wanted);
}

const droplet = { name: "hub", region: "fra1", size: "s-1vcpu-1gb", image: "debian-13-x64" };
const standing = { ...droplet, id: "1001", ipv4_address: "198.19.0.1", ipv6: true, monitoring: true, vpc_uuid: "v" };

describe("a plan", () => {
  it("of something new leaves to the service what nobody said, and takes defaults", () => {
    const { planned, replace } = plan("digitalocean_droplet", null, { ...droplet, user_data: "#!/bin/sh\n" });
    expect(replace).toEqual([]);
    expect(planned).toMatchObject({ id: unknown, ipv4_address: unknown, urn: unknown, vpc_uuid: unknown });
    expect(planned).toMatchObject({ backups: false, monitoring: false, resize_disk: true, name: "hub" });
    expect(planned?.["user_data"]).toBe(createHash("sha1").update("#!/bin/sh\n").digest("hex"));
  });

  it.each([
    ["size", "s-2vcpu-2gb", []],
    ["name", "other", []],
    ["region", "ams3", ["region"]],
    ["region", "FRA1", []],
    ["image", "debian-12-x64", ["image"]],
    ["user_data", "#!/bin/sh\n", ["user_data"]],
    ["monitoring", false, ["monitoring"]],
    ["vpc_uuid", "w", ["vpc_uuid"]],
    ["ipv6", false, ["ipv6"]],
  ] as const)("of a droplet whose %s becomes %s replaces it for %j", (name, value, forced) => {
    const config = { ...droplet, ipv6: true, monitoring: true, vpc_uuid: "v", [name]: value };
    expect(plan("digitalocean_droplet", standing, config).replace).toEqual(forced);
  });

  it("keeps what the service said when something else changes", () => {
    const { planned } = plan("digitalocean_droplet", standing, { ...droplet, size: "s-2vcpu-2gb", ipv6: true });
    expect(planned).toMatchObject({ id: "1001", ipv4_address: "198.19.0.1" });
  });

  it("of one that goes is nothing", () => {
    expect(plan("digitalocean_droplet", standing, null)).toEqual({ planned: null, replace: [] });
  });

  it("refuses a volume that shrinks", () => {
    const volume = { name: "v", region: "fra1", size: 5 };
    expect(() => plan("digitalocean_volume", { ...volume, id: "x", size: 10 }, volume)).toThrow(/not shrunk/);
  });

  it("knows a key with another blank at its end as the same", () => {
    const key = { name: "k", public_key: "ssh-ed25519 AAAA" };
    const change = plan("digitalocean_ssh_key", { ...key, id: "1" }, { ...key, public_key: "ssh-ed25519 AAAA\n" });
    expect(change.replace).toEqual([]);
  });
});

describe("values", () => {
  it("travel with unknowns, at any depth", () => {
    const value: Attributes = { id: unknown, rules: [{ ports: "22", peers: ["a", unknown] }], count: 3, none: null };
    expect(decodeAttributes(encodeAttributes(value))).toEqual(value);
    expect(withoutUnknowns(value)).toEqual({
      id: null,
      rules: [{ ports: "22", peers: ["a", null] }],
      count: 3,
      none: null,
    });
  });

  it("of sets are the same in any order", () => {
    expect(sameValue([{ a: 1 }, { b: [2, 1] }], [{ b: [1, 2] }, { a: 1 }])).toBe(true);
    expect(sameValue(["a"], ["a", "b"])).toBe(false);
    expect(sameValue([unknown], ["a"])).toBe(false);
  });
});
