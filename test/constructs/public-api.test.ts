// The public API is what api.md §1 lists, and two copies of the package get along.
import { describe, expect, it, vi } from "vitest";
import * as api from "../../constructs/index.ts";
import { recordOf } from "../../constructs/record.ts";
import { alice, synth } from "./mesh.ts";

describe("public API", () => {
  it("exports these values and no other", () => {
    expect(Object.keys(api).toSorted()).toEqual(
      ["Droplet", "LocalHost", "Mesh", "SshHost", "defineStack", "icmp", "state", "tcp", "text", "udp"].toSorted(),
    );
  });

  it("shows in a construct only what it says", () => {
    const mesh = new api.Mesh({ admins: [alice] });
    const node = mesh.node("a", new api.SshHost("a"));
    expect(JSON.parse(JSON.stringify({ mesh, node, stack: api.defineStack("x", () => ({ mesh })) }))).toEqual({
      mesh: {},
      node: { name: "a", host: { kind: "ssh" } },
      stack: { name: "x" },
    });
  });

  it("knows constructs of another copy of the package by their mark", async () => {
    vi.resetModules();
    const another = await import("../../constructs/index.ts");
    expect(another.Mesh).not.toBe(api.Mesh);
    const stack = another.defineStack("copy", () => {
      const mesh = new another.Mesh({ admins: [alice] });
      mesh.coordinator("hub", new api.LocalHost());
      return { mesh };
    });
    expect((await synth(stack)).members).toHaveLength(1);
  });

  it("takes nothing that merely looks like a construct", () => {
    expect(recordOf({ name: "x", host: {} }, "node")).toBeUndefined();
    expect(recordOf(null, "mesh")).toBeUndefined();
    expect(recordOf("mesh", "mesh")).toBeUndefined();
  });
});
