// What a plan says is read without its values, and nothing that costs a member its host gets through unnamed.
import { describe, expect, it } from "vitest";
import { readShownPlan } from "../../../../cli/engine/cloud/changes.ts";
import { describeResource, explainAddresses } from "../../../../cli/engine/cloud/describe.ts";
import { explainFailure } from "../../../../cli/engine/cloud/failure.ts";
import { isDestructive, refuseReplacements, unnamedReplacements } from "../../../../cli/engine/cloud/safety.ts";
import type { PlannedResource } from "../../../../cli/engine/deploy/contract.ts";
import { Droplet } from "../../../../constructs/index.ts";
import { TunnelMeshError } from "../../../../protocol/errors/error.ts";
import { office, synth } from "../../../constructs/mesh.ts";

const props = { region: "fra1", size: "s-1vcpu-1gb", ssh: [] } as const;
const model = await synth(
  office((mesh) => {
    mesh.coordinator("hub", new Droplet(props));
    mesh.node("2nd", new Droplet(props));
    mesh.node("renamed", new Droplet(props), { formerly: "before" });
    return undefined;
  }),
);
const addresses = { id: 7, public_ip: "198.51.100.7", private_ip: "10.0.0.7", ipv6: "" };

function shown(changes: readonly object[]) {
  return {
    format_version: "1.2",
    variables: { nonce_hub: { value: "5e".repeat(32) } },
    prior_state: { values: { outputs: { tm_hosts: { value: { hub: addresses, old: addresses } } } } },
    resource_changes: changes,
  };
}

function resource(name: string, actions: readonly string[], more: object = {}) {
  const address = `digitalocean_droplet.${name}`;
  const change = { actions, before: { user_data: "secret" }, after: { user_data: "secret" } };
  return { address, mode: "managed", type: "digitalocean_droplet", name, change: { ...change, ...more } };
}

describe("the document of a plan", () => {
  it("gives what changes, by member, and where droplets were, and no value", () => {
    const plan = readShownPlan(
      model,
      shown([
        resource("hub", ["delete", "create"], { replace_paths: [["region"], ["vpc_uuid"]] }),
        resource("_2nd", ["update"]),
        resource("old", ["delete"]),
        resource("same", ["no-op"]),
        { ...resource("data", ["read"]), mode: "data" },
      ]),
    );
    expect(plan.changes).toMatchObject([
      { member: "hub", action: "replace", forcedBy: ["region", "vpc_uuid"] },
      { member: "2nd", action: "update", forcedBy: [] },
      { member: "old", action: "delete" },
    ]);
    expect(plan.before["hub"]).toEqual({ ...addresses, id: "7" });
    expect(JSON.stringify(plan)).not.toMatch(/secret|5e5e/);
  });

  it("is refused where it is no such document", () => {
    expect(() => readShownPlan(model, { resource_changes: [{ address: 1 }] })).toThrow();
  });
});

describe("replacing a host", () => {
  const change = (more: Partial<PlannedResource>): PlannedResource => ({
    ...{ address: "digitalocean_droplet.hub", type: "digitalocean_droplet", member: "hub", forcedBy: [] },
    ...{ action: "replace", ...more },
  });
  const check = (changes: readonly PlannedResource[], replace: readonly string[] = [], members = ["hub", "old"]) =>
    refuseReplacements({ model, changes, members: new Set(members), replace });

  it.each<[string, Partial<PlannedResource>, RegExp]>([
    ["by an attribute", { forcedBy: ["region"] }, /droplet of hub .*a change of region forces it/],
    ["by taint", { reason: "replace_because_tainted" }, /half-way/],
    ["by something that nobody knows yet", { reason: "replace_because_of_the_moon" }, /because of the moon/],
    ["of a droplet that vanished", { action: "create" }, /no droplet for it any more/],
    ["by its volume's name", { type: "digitalocean_volume", forcedBy: ["name"] }, /a change of name forces it/],
  ])("is refused when forced %s, and the error names the way out", (_, more, detail) => {
    expect(() => check([change(more)])).toThrow(
      expect.objectContaining({
        code: "TM_CLOUD_REPLACES",
        detail: expect.stringMatching(detail),
        advice: expect.arrayContaining([expect.stringContaining("--replace hub")]),
      }),
    );
  });

  it("is told of each, so that a plan can show them all", () => {
    const changes = [
      change({ forcedBy: ["region"] }),
      change({ action: "update" }),
      change({ type: "digitalocean_volume" }),
    ];
    const question = { model, changes, members: new Set(["hub"]), replace: [] };
    expect(unnamedReplacements(question)).toEqual([changes[0], changes[2]]);
    expect(unnamedReplacements({ ...question, replace: ["hub"] })).toEqual([]);
  });

  it("is refused when the stack puts the member on another kind of host", () => {
    expect(() => check([change({ action: "delete" })])).toThrow(
      expect.objectContaining({
        code: "TM_CLOUD_OTHER_HOST",
        detail: expect.stringMatching(/^droplet of hub/),
        advice: expect.arrayContaining([expect.stringContaining("tm remove-node")]),
      }),
    );
  });

  it("is refused under a new name too", () => {
    const volume = change({ type: "digitalocean_volume", member: "renamed", forcedBy: ["region"] });
    expect(() => check([volume], [], ["hub", "before"])).toThrow(
      expect.objectContaining({ code: "TM_CLOUD_REPLACES" }),
    );
    check([volume], [], ["hub"]);
  });

  it("is allowed where it is named, where no member is lost, and where the member leaves the stack", () => {
    check([change({ forcedBy: ["region"] })], ["hub"]);
    check([change({ reason: "replace_because_tainted" })], [], []);
    check([change({ action: "delete", member: "old", address: "digitalocean_droplet.old" })]);
    check([change({ action: "update" })]);
  });

  it("is destructive, like the loss of a volume, and unlike that of a firewall", () => {
    expect(isDestructive([change({})])).toBe(true);
    expect(isDestructive([change({ type: "digitalocean_volume", action: "delete" })])).toBe(true);
    expect(isDestructive([change({ type: "digitalocean_firewall", action: "delete" })])).toBe(false);
    expect(isDestructive([change({ action: "update" })])).toBe(false);
  });
});

describe("the words of the stack", () => {
  it("stand for Terraform's addresses", () => {
    expect(describeResource(model, "digitalocean_droplet._2nd")).toBe("droplet of 2nd");
    expect(describeResource(model, "digitalocean_ssh_key.admin_1[0]")).toBe("SSH key admin_1");
    expect(describeResource(model, "random_pet.one")).toBe("random_pet.one");
    expect(explainAddresses(model, "digitalocean_droplet.hub: it failed")).toBe(
      "droplet of hub (digitalocean_droplet.hub): it failed",
    );
  });

  it("explain a protected resource", () => {
    const said = "digitalocean_droplet.hub: Instance cannot be destroyed: lifecycle.prevent_destroy is set";
    expect(explainFailure(model, new TunnelMeshError("TM_TERRAFORM_FAILED", { detail: said }))).toMatchObject({
      code: "TM_CLOUD_PROTECTED",
      detail: expect.stringContaining("droplet of hub"),
    });
  });
});
