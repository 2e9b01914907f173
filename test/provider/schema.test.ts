// The stand-in knows all that the constructs make, with the attributes that cdktf's bindings to the real provider have.
import { createRequire } from "node:module";
import { App, TerraformStack } from "cdktf";
import { describe, expect, it } from "vitest";
import { Droplet } from "../../constructs/index.ts";
import { terraformOf } from "../../constructs/terraform.ts";
import { dataSources } from "../../provider/data/sources.ts";
import { resources } from "../../provider/resources/index.ts";
import { type BlockSchema, dataSourceSchemas, resourceSchemas } from "../../provider/schema.ts";
import { office, synth } from "../constructs/mesh.ts";

const requireFrom = createRequire(import.meta.url);

/** Everything that a droplet may have, so that every type is there. */
async function made() {
  const small = { region: "fra1", size: "s-1vcpu-1gb", ssh: ["203.0.113.7/32"] } as const;
  const model = await synth(
    office((mesh) => {
      const volume = { gib: 5, mount: "/srv/data", keep: true } as const;
      const all = { reservedIp: true, dns: "hub.example.org", project: "Office", vpc: "shared", volume };
      mesh.coordinator("hub", new Droplet({ ...small, ...all }), { formerly: "old" });
      mesh.node("node", new Droplet(small));
      return undefined;
    }),
  );
  const json = terraformOf(model) as Record<"resource" | "data" | "terraform", Record<string, object>>;
  return { resource: Object.keys(json.resource), data: Object.keys(json.data), settings: json.terraform };
}

/** Names that the binding of a type writes into Terraform JSON: attributes and blocks alike. */
function namesInBinding(type: string): string[] {
  const folder = type.replace("digitalocean_", "").replaceAll("_", "-");
  const place = (prefix: string) => `@cdktf/provider-digitalocean/lib/${prefix}${folder}/index.js`;
  const data = !(type in resourceSchemas);
  const module_ = requireFrom(place(data ? "data-digitalocean-" : "")) as Record<string, unknown>;
  const name = folder.replace(/(^|-)(.)/g, (_, __, letter: string) => letter.toUpperCase());
  const Binding = module_[data ? `DataDigitalocean${name}` : name] as {
    new (scope: TerraformStack, id: string, config: object): { synthesizeAttributes(): Record<string, unknown> };
  };
  const made = new Binding(new TerraformStack(new App({ outdir: "/nowhere" }), "s"), "x", {});
  return Object.keys(made.synthesizeAttributes());
}

/** What a user may set: bindings know no others. */
function settable({ attributes = {}, block_types = {} }: BlockSchema): string[] {
  const names = Object.entries(attributes).filter(
    ([, { optional, required }]) => optional === true || required === true,
  );
  return [...names.map(([name]) => name), ...Object.keys(block_types)];
}

describe("the stand-in provider", () => {
  it("has a schema and an implementation of every type that the constructs make", async () => {
    const { resource, data } = await made();
    expect(resource).toHaveLength(10);
    for (const type of resource) expect([type in resourceSchemas, type in resources], type).toEqual([true, true]);
    for (const type of data) expect([type in dataSourceSchemas, type in dataSources], type).toEqual([true, true]);
    expect(Object.keys(resourceSchemas).toSorted()).toEqual(Object.keys(resources).toSorted());
    expect(Object.keys(dataSourceSchemas).toSorted()).toEqual(Object.keys(dataSources).toSorted());
  });

  it.each([...Object.keys(resourceSchemas), ...Object.keys(dataSourceSchemas).map((type) => `data ${type}`)])(
    "%s takes what its binding writes",
    (line) => {
      const type = line.replace("data ", "");
      const schema = line.startsWith("data ") ? dataSourceSchemas[type]! : resourceSchemas[type]!;
      if (line.startsWith("data ") && type in resourceSchemas) return;
      expect(settable(schema.block).toSorted()).toEqual(namesInBinding(type).toSorted());
    },
  );

  it("is of the version that the constructs ask for", async () => {
    const { settings } = await made();
    expect(settings["required_providers"]).toEqual({
      digitalocean: { source: "digitalocean/digitalocean", version: "2.71.0" },
    });
  });
});
