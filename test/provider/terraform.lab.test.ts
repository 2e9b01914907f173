// The real Terraform plans and applies a mesh through the stand-in provider and the fake API.
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Droplet } from "../../constructs/index.ts";
import { bootstrapScript } from "../../constructs/terraform/bootstrap.ts";
import { terraformOf } from "../../constructs/terraform.ts";
import { hasTerraform, type Laboratory, openLaboratory, openTerraform } from "../cli/engine/sandbox/laboratory.ts";
import { alice, bob, office, synth } from "../constructs/mesh.ts";

const cloud = { size: "s-1vcpu-1gb", region: "fra1", ssh: ["203.0.113.7/32"] } as const;
const nonce = "ab".repeat(32);

interface Variation {
  readonly size?: string;
  readonly nodeRegion?: string;
  readonly ssh?: readonly `${string}/${number}`[];
  readonly nodes?: number;
  readonly formerly?: string;
}

async function stackOf({
  size = cloud.size,
  nodeRegion = "ams3",
  ssh = cloud.ssh,
  nodes = 1,
  formerly,
}: Variation = {}) {
  const model = await synth(
    office(
      (mesh) => {
        const volume = { gib: 5, mount: "/srv/data" } as const;
        mesh.coordinator(
          "hub",
          new Droplet({ ...cloud, size, reservedIp: true, dns: "hub.example.org", project: "Office", volume }),
        );
        for (let index = 0; index < nodes; index += 1) {
          const name = formerly === undefined ? `node${index}` : `renamed${index}`;
          const props = formerly === undefined ? {} : { formerly: `${formerly}${index}` };
          mesh.node(name, new Droplet({ ...cloud, region: nodeRegion, ssh }), props);
        }
        return undefined;
      },
      { admins: [alice, bob] },
    ),
  );
  return terraformOf(model);
}

const installed = await hasTerraform();

describe.runIf(installed)("Terraform with the stand-in provider", () => {
  let lab: Laboratory;
  let terraform: Awaited<ReturnType<typeof openTerraform>>;

  beforeAll(async () => {
    lab = await openLaboratory();
    terraform = await openTerraform(lab);
    await lab.ask("POST", "/v2/domains", { name: "example.org" });
    await lab.ask("POST", "/v2/projects", { name: "Office" });
    // One admin's key is in the account already, under a name of its owner's.
    await lab.ask("POST", "/v2/account/keys", { name: "bob's laptop", public_key: bob });
    terraform.write(await stackOf());
    const { code, text } = await terraform.run(["init", "-input=false"]);
    expect(code, text).toBe(0);
  });
  afterAll(async () => {
    await lab?.[Symbol.asyncDispose]();
  });

  const apply = (more = {}) => terraform.run(["apply", "-input=false", "-auto-approve"], more);
  const plan = (...args: string[]) => terraform.run(["plan", "-input=false", "-detailed-exitcode", ...args]);

  it("has the schemas of the real provider", async () => {
    const { text } = await terraform.run(["providers", "schema", "-json"]);
    const [served] = Object.values<Record<string, unknown>>(JSON.parse(text).provider_schemas);
    const real = JSON.parse(readFileSync(new URL("../../provider/schema-2.71.0.json", import.meta.url), "utf8"));
    expect(plain(served)).toEqual(plain(real));
  });

  it("makes everything, and finds nothing to do after it", async () => {
    const { code, text } = await apply({ TF_VAR_nonce_hub: nonce });
    expect(code, text).toBe(0);
    const droplets = Object.values(lab.cloud.state.droplets);
    expect(droplets.map(({ name }) => name).toSorted()).toEqual(["hub", "node0"]);
    const hub = droplets.find(({ name }) => name === "hub")!;
    expect(hub.user_data).toBe(bootstrapScript(nonce));
    expect(hub.ssh_keys.toSorted()).toEqual(
      [bob, alice]
        .map((line) => line.split(" ").slice(0, 2).join(" "))
        .toSorted()
        .map((key) => (bob.startsWith(key) ? bob : key)),
    );
    expect(Object.values(lab.cloud.state.keys).map(({ name }) => name)).toContain("bob's laptop");
    expect(Object.keys(lab.cloud.state.keys)).toHaveLength(2);
    expect(Object.values(lab.cloud.state.reservedIps)).toMatchObject([{ droplet_id: hub.id }]);
    expect(lab.cloud.state.domains["example.org"]).toMatchObject([
      { name: "hub", data: Object.keys(lab.cloud.state.reservedIps)[0] },
    ]);
    expect(Object.values(lab.cloud.state.projects).find(({ name }) => name === "Office")?.urns).toHaveLength(3);
    const state = readFileSync(`${terraform.work}/terraform.tfstate`, "utf8");
    expect(state).not.toContain(nonce);
    const again = await plan();
    expect(again.code, again.text).toBe(0);
  });

  it("replaces nothing when keys, image, first script or the nonce change", async () => {
    const changed = JSON.parse(JSON.stringify(await stackOf()));
    const { hub } = changed.resource.digitalocean_droplet;
    Object.assign(hub, { image: "debian-12-x64", ssh_keys: [], user_data: "#!/bin/sh\n" });
    terraform.write(changed);
    const { code, text } = await plan();
    expect(code, text).toBe(0);
  });

  it("changes size and firewall in place and replaces what moves to another region", async () => {
    terraform.write(await stackOf({ size: "s-1vcpu-2gb", nodeRegion: "nyc3", ssh: ["0.0.0.0/0"] }));
    const planned = await plan();
    expect(planned.code, planned.text).toBe(2);
    expect(planned.text).toMatch(/digitalocean_droplet.node0 must be replaced/);
    expect(planned.text).toMatch(/digitalocean_droplet.hub will be updated in-place/);
    const { code, text } = await apply();
    expect(code, text).toBe(0);
    const found = Object.values(lab.cloud.state.droplets).map(
      ({ name, region, size, status }) => `${name} ${region} ${size} ${status}`,
    );
    expect(found.toSorted()).toEqual(["hub fra1 s-1vcpu-2gb active", "node0 nyc3 s-1vcpu-1gb active"]);
    expect((await plan()).code).toBe(0);
  });

  it("renames in place", async () => {
    terraform.write(await stackOf({ size: "s-1vcpu-2gb", nodeRegion: "nyc3", ssh: ["0.0.0.0/0"], formerly: "node" }));
    const before = Object.values(lab.cloud.state.droplets).find(({ name }) => name === "node0")!.id;
    const { code, text } = await apply();
    expect(code, text).toBe(0);
    expect(lab.cloud.state.droplets[before]?.name).toBe("renamed0");
    expect(Object.keys(lab.cloud.state.droplets)).toHaveLength(2);
  });

  it("sees what was changed and removed outside", async () => {
    const { id } = Object.values(lab.cloud.state.droplets).find(({ name }) => name === "renamed0")!;
    await lab.cloud.change((draft) => {
      for (const firewall of Object.values(draft.firewalls)) if (firewall.name.endsWith("-node")) firewall.inbound = [];
    });
    await lab.ask("DELETE", `/v2/droplets/${id}`);
    await lab.cloud.settled();
    const drifted = await plan();
    expect(drifted.code, drifted.text).toBe(2);
    expect(drifted.text).toMatch(/digitalocean_droplet.renamed0 will be created/);
    expect(drifted.text).toMatch(/digitalocean_firewall.node will be updated in-place/);
    const { code, text } = await apply();
    expect(code, text).toBe(0);
    expect((await plan()).code).toBe(0);
  });

  it("takes in what exists", async () => {
    const { id } = Object.values(lab.cloud.state.droplets).find(({ name }) => name === "renamed0")!;
    expect((await terraform.run(["state", "rm", "digitalocean_droplet.renamed0"])).code).toBe(0);
    const imported = await terraform.run(["import", "-input=false", "digitalocean_droplet.renamed0", String(id)]);
    expect(imported.code, imported.text).toBe(0);
    const { text } = await plan();
    expect(text).not.toMatch(/must be replaced|will be created/);
  });

  it("keeps the service's own words, and tries again where that helps", async () => {
    terraform.write(
      await stackOf({ size: "s-1vcpu-2gb", nodeRegion: "nyc3", ssh: ["0.0.0.0/0"], nodes: 2, formerly: "node" }),
    );
    await lab.cloud.change((draft) => {
      draft.faults.push({ kind: "refuse", on: "POST /v2/droplets", times: 1, value: 0 });
      draft.faults.push({ kind: "throttle", on: "GET /v2/firewalls", times: 2, value: 0 });
    });
    const refused = await apply();
    expect(refused.code).toBe(1);
    expect(refused.text).toMatch(/exceed your droplet limit/);
    const { code, text } = await apply();
    expect(code, text).toBe(0);
    expect(Object.keys(lab.cloud.state.droplets)).toHaveLength(3);
  });

  it("leaves nothing behind but what was there before", async () => {
    const { code, text } = await terraform.run(["destroy", "-input=false", "-auto-approve"]);
    expect(code, text).toBe(0);
    await lab.cloud.settled();
    const { droplets, firewalls, vpcs, keys, tags, reservedIps, domains, volumes } = lab.cloud.state;
    expect({ droplets, firewalls, vpcs, tags, reservedIps, domains, volumes }).toEqual({
      ...{ droplets: {}, firewalls: {}, vpcs: {}, tags: [], reservedIps: {}, volumes: {} },
      domains: { "example.org": [] },
    });
    expect(Object.values(keys).map(({ name }) => name)).toEqual(["bob's laptop"]);
  });
});

/** Descriptions and what stands for their absence are no part of a schema's meaning. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (value === null || typeof value !== "object") return value;
  const kept = Object.entries(value).filter(
    ([name, inner]) => name !== "description_kind" && inner !== 0 && !(name === "max_items" && inner === 0),
  );
  return Object.fromEntries(kept.map(([name, inner]) => [name, plain(inner)]));
}
