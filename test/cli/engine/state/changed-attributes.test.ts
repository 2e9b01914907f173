// Which attributes differ: nested, in lists of any order, with nothing in its several forms, and never what is secret.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { changedAttributes } from "../../../../cli/engine/state/changed-attributes.ts";
import { readDrift } from "../../../../cli/engine/state/drift-reading.ts";
import { Droplet } from "../../../../constructs/index.ts";
import { office, synth } from "../../../constructs/mesh.ts";

describe("changed attributes", () => {
  it("have their path, and what they were and are", () => {
    const before = { size: "a", rule: [{ ports: "22", from: ["x", "y"] }], same: 1, gone: true };
    const after = { size: "b", rule: [{ ports: "22", from: ["z"] }], same: 1, extra: null };
    expect(changedAttributes(before, after)).toEqual([
      { name: "gone", before: true, after: null },
      { name: "rule.0.from", before: ["x", "y"], after: ["z"] },
      { name: "size", before: "a", after: "b" },
    ]);
  });

  it("are none where a set came in another order, or nothing in another form", () => {
    expect(changedAttributes({ tags: ["a", "b"], note: null }, { tags: ["b", "a"], note: "" })).toEqual([]);
    expect(changedAttributes({ list: [] }, {})).toEqual([]);
  });

  it("do not show what is secret, in part or as a whole", () => {
    const map = { user_data: true, nested: { key: true } };
    const text = JSON.stringify(
      changedAttributes(
        { user_data: "old-secret", nested: { key: "deep-secret", plain: 1 } },
        { user_data: "new-secret", nested: { key: "other-secret", plain: 2 } },
        [map, map],
      ),
    );
    expect(text).not.toContain("-secret");
    expect(text).toContain('"nested.plain","before":1,"after":2');
    expect(changedAttributes({ all: { a: "s1" } }, { all: { a: "s2" } }, [{ all: true }, false])).toEqual([
      { name: "all.a", before: "(sensitive)", after: "(sensitive)" },
    ]);
  });

  it("are none between a value and itself, and are some between two that JSON tells apart", () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => changedAttributes(value, structuredClone(value)).length === 0));
  });
});

describe("drift", () => {
  const change = (before: object, after: object | null, actions = ["update"]) => ({
    change: { actions, before, after, before_sensitive: {}, after_sensitive: {} },
  });
  const of = (type: string, name: string) => ({ address: `${type}.${name}`, mode: "managed", type, name });

  it("leaves out what the service counts, and names the member", async () => {
    const model = await synth(
      office((mesh) => {
        mesh.coordinator("hub", new Droplet({ region: "fra1", size: "s-1vcpu-1gb", ssh: [] }));
        return undefined;
      }),
    );
    const shown = {
      resource_drift: [
        { ...of("digitalocean_tag", "mesh"), ...change({ droplets_count: 0 }, { droplets_count: 3 }) },
        { ...of("digitalocean_droplet", "hub"), ...change({ size: "a", vcpus: 1 }, { size: "b", vcpus: 2 }) },
        { ...of("digitalocean_droplet", "other"), ...change({ size: "a" }, null, ["delete"]) },
        { ...of("digitalocean_ssh_keys", "account"), mode: "data", ...change({ a: 1 }, { a: 2 }) },
      ],
    };
    expect(readDrift(model, shown)).toEqual([
      {
        address: "digitalocean_droplet.hub",
        node: "hub",
        what: "changed",
        attributes: [{ name: "size", before: "a", after: "b" }],
      },
      { address: "digitalocean_droplet.other", what: "deleted", attributes: [] },
    ]);
    expect(readDrift(model, {})).toEqual([]);
  });
});
