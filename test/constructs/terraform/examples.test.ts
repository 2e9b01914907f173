// The Terraform of each example stack, byte for byte; `TM_GOLDEN=write` writes the files anew after a change that is meant.
import { readFileSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { Droplet, type Stack } from "../../../constructs/index.ts";
import { terraformOf } from "../../../constructs/terraform.ts";
import digitalocean from "../../../stacks/digitalocean.ts";
import existing from "../../../stacks/existing-servers.ts";
import mixed from "../../../stacks/mixed.ts";
import { alice, office, synth } from "../mesh.ts";

const files = { "/project/keys/admin.pub": `${alice}\n` };
const goldenFile = (name: string) => new URL(`golden/${name}.tf.json`, import.meta.url);

async function terraform(stack: Stack, stage?: string): Promise<string> {
  const model = await synth(stack, { files, ...(stage === undefined ? {} : { stage }) });
  return `${JSON.stringify(terraformOf(model), undefined, 2)}\n`;
}

describe("the Terraform of", () => {
  it.each([
    ["digitalocean", digitalocean],
    ["mixed", mixed],
  ] as const)("stacks/%s.ts", async (name, stack) => {
    const made = await terraform(stack);
    if (process.env["TM_GOLDEN"] === "write") writeFileSync(goldenFile(name), made);
    expect(made).toBe(readFileSync(goldenFile(name), "utf8"));
    expect(await terraform(stack), "a second time").toBe(made);
  });

  it("a droplet with a volume that was renamed keeps both", async () => {
    const volume = { gib: 5, mount: "/srv/data", keep: true } as const;
    const made = await terraform(
      office((mesh) => {
        const host = new Droplet({ region: "fra1", size: "s-1vcpu-1gb", ssh: [], volume });
        mesh.coordinator("center", host, { formerly: "hub" });
        return undefined;
      }),
    );
    if (process.env["TM_GOLDEN"] === "write") writeFileSync(goldenFile("renamed"), made);
    expect(made).toBe(readFileSync(goldenFile("renamed"), "utf8"));
  });

  it("a stack without droplets is none", async () => {
    expect(terraformOf(await synth(existing, { files }))).toBeUndefined();
  });

  it("a protected stage keeps Terraform from destroying its coordinator and its address", async () => {
    const made = await terraform(digitalocean, "prod");
    const { resource } = JSON.parse(made);
    expect(resource.digitalocean_droplet.hub.lifecycle.prevent_destroy).toBe(true);
    expect(resource.digitalocean_reserved_ip.hub.lifecycle.prevent_destroy).toBe(true);
    expect(resource.digitalocean_droplet["server-ams3"].lifecycle.prevent_destroy).toBeUndefined();
  });
});
