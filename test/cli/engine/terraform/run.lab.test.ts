// Terraform as tm runs it: events, variables, outputs, refusals in plain words, and an interrupt after which nothing is lost.
import { appendFileSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findTerraform } from "../../../../cli/engine/terraform/binary.ts";
import type { TerraformEvent } from "../../../../cli/engine/terraform/events.ts";
import { makeProviderMirror } from "../../../../cli/engine/terraform/mirror.ts";
import { apply, destroy, initialize, plan, readJson, type TerraformRun } from "../../../../cli/engine/terraform/run.ts";
import { prepareWorkspace } from "../../../../cli/engine/terraform/workspace.ts";
import { Droplet } from "../../../../constructs/index.ts";
import { terraformOf } from "../../../../constructs/terraform.ts";
import { office, synth } from "../../../constructs/mesh.ts";
import { hasTerraform, type Laboratory, openLaboratory, token } from "../sandbox/laboratory.ts";

const installed = await hasTerraform();
const nonce = "e1".repeat(32);

interface State {
  readonly resources: readonly {
    readonly type: string;
    readonly instances: readonly { readonly attributes: { readonly id: string } }[];
  }[];
}

describe.runIf(installed)("Terraform in a workspace", () => {
  let lab: Laboratory;
  let log: string[] = [];

  async function open(
    names: readonly string[],
    signal = new AbortController().signal,
    bearer = token,
  ): Promise<TerraformRun> {
    const projectFolder = path.join(lab.folder, "project");
    mkdirSync(projectFolder, { recursive: true });
    const model = await synth(
      office((mesh) => {
        const props = { region: "fra1", size: "s-1vcpu-1gb", ssh: [] } as const;
        mesh.coordinator("hub", new Droplet(props));
        for (const name of names) mesh.node(name, new Droplet(props));
        return undefined;
      }),
    );
    const binary = await findTerraform(process.env);
    const workspace = await prepareWorkspace({
      ...{ projectFolder, stage: "main", state: model.state, terraform: terraformOf(model)!, binary },
      environment: {},
      log: (line) => void log.push(line),
      sandbox: { DIGITALOCEAN_API_URL: lab.url, DIGITALOCEAN_TOKEN: bearer, TM_PROVIDER_POLL_DELAY: "20" },
    });
    const run = { binary, workspace, signal, log: (line: string) => void log.push(line) };
    await initialize(run);
    return run;
  }

  beforeAll(async () => {
    lab = await openLaboratory();
  });
  afterAll(async () => {
    await lab?.[Symbol.asyncDispose]();
  });

  it("plans, applies with events, gives outputs, and keeps secrets out of logs and files", async () => {
    log = [];
    const run = await open(["one"]);
    const planned: TerraformEvent[] = [];
    const variables = { nonce_hub: nonce, nonce_one: nonce };
    const { file, changes } = await plan(run, { variables }, (event) => planned.push(event));
    expect(changes).toBe(true);
    expect(planned).toContainEqual({
      kind: "planned",
      address: "digitalocean_droplet.hub",
      action: "create",
      reason: undefined,
    });
    const events: TerraformEvent[] = [];
    await apply(run, file, variables, (event) => events.push(event));
    const ofHub = events.filter((event) => "address" in event && event.address === "digitalocean_droplet.hub");
    expect(ofHub.map(({ kind }) => kind)).toEqual(expect.arrayContaining(["start", "done"]));
    expect(await readJson(run, ["output", "-json"])).toMatchObject({
      tm_hosts: { value: { hub: { public_ip: expect.stringMatching(/^198\.19\./) }, one: {} } },
    });
    expect((await plan(run, { variables: {} }, () => undefined)).changes).toBe(false);
    const home = path.join(lab.folder, "project/.tm/terraform/main.sandbox");
    expect(statSync(home).mode & 0o777).toBe(0o700);
    expect(readFileSync(path.join(home, "terraform.tfstate"), "utf8")).not.toContain(nonce);
    expect(log.join("\n")).not.toContain(nonce);
  });

  it("ends its step when interrupted, and the next run goes on there", async () => {
    await lab.cloud.change((draft) => {
      draft.faults.push({ kind: "slow", on: "POST /v2/droplets", times: 3, value: 700 });
    });
    const stop = new AbortController();
    const run = await open(["one", "two", "three", "four"], stop.signal);
    const { file } = await plan(run, { variables: {} }, () => undefined);
    const applied = apply(run, file, {}, (event) => {
      if (event.kind === "start") stop.abort(new Error("interrupted"));
    });
    await expect(applied).rejects.toThrow("interrupted");
    await lab.cloud.settled();
    const again = await open(["one", "two", "three", "four"]);
    const state = (await readJson(again, ["state", "pull"])) as State;
    const known = state.resources
      .filter(({ type }) => type === "digitalocean_droplet")
      .flatMap(({ instances }) => instances.map(({ attributes }) => attributes.id));
    expect(known.toSorted(), "every droplet that exists is in the state").toEqual(
      Object.keys(lab.cloud.state.droplets),
    );
    const rest = await plan(again, { variables: {} }, () => undefined);
    await apply(again, rest.file, {}, () => undefined);
    expect(Object.keys(lab.cloud.state.droplets)).toHaveLength(5);
  });

  it("says in the service's own words what went wrong", async () => {
    await lab.cloud.change((draft) => {
      draft.faults.push({ kind: "refuse", on: "POST /v2/droplets", times: 1, value: 0 });
    });
    const run = await open(["one", "two", "three", "four", "five"]);
    const { file } = await plan(run, { variables: {} }, () => undefined);
    await expect(apply(run, file, {}, () => undefined)).rejects.toMatchObject({
      code: "TM_TERRAFORM_LIMIT",
      detail: expect.stringMatching(/digitalocean_droplet\.five: .*exceed your droplet limit/),
    });
    const other = await open(["one"], undefined, "wrong");
    await expect(plan(other, { variables: {} }, () => undefined)).rejects.toMatchObject({ code: "TM_TERRAFORM_TOKEN" });
  });

  it("keeps a lock of providers for several platforms with the project, which CI does not change", async () => {
    const projectFolder = path.join(lab.folder, "locked");
    const mirror = path.join(lab.folder, "mirror");
    for (const platform of ["linux_amd64", "linux_arm64", "darwin_amd64", "darwin_arm64"]) {
      await makeProviderMirror(mirror, platform);
      const file = `digitalocean/digitalocean/2.71.0/${platform}/terraform-provider-digitalocean_v2.71.0`;
      for (const registry of ["registry.terraform.io", "registry.opentofu.org"])
        appendFileSync(path.join(mirror, registry, file), `# ${platform}\n`);
    }
    const model = await synth(
      office((mesh) => void mesh.coordinator("hub", new Droplet({ region: "fra1", size: "s-1vcpu-1gb", ssh: [] }))),
    );
    const binary = await findTerraform(process.env);
    const start = async (more: Readonly<Record<string, string>>) => {
      const workspace = await prepareWorkspace({
        ...{ projectFolder, stage: "main", state: model.state, terraform: terraformOf(model)!, binary },
        environment: { TM_DO_PROVIDER_DIR: mirror, DIGITALOCEAN_TOKEN: token, ...more },
        log: (line) => void log.push(line),
      });
      const signal = new AbortController().signal;
      await initialize({ binary, workspace, signal, log: (line) => void log.push(line) });
    };
    await start({});
    const file = path.join(projectFolder, "mesh/terraform.lock.hcl");
    const locked = readFileSync(file, "utf8");
    expect(locked).toMatch(/version\s+= "2\.71\.0"/);
    expect(locked.match(/"h1:/g)).toHaveLength(4);
    await start({ CI: "true" });
    expect(readFileSync(file, "utf8")).toBe(locked);
    writeFileSync(file, locked.replace(/"h1:[^"]+",\n/g, ""));
    await expect(start({ CI: "true" })).rejects.toMatchObject({ code: "TM_TERRAFORM_FAILED" });
  });

  it("removes everything", async () => {
    await destroy(await open(["one"]), () => undefined);
    await lab.cloud.settled();
    expect(lab.cloud.state.droplets).toEqual({});
    expect(existsSync(path.join(lab.folder, "project/mesh")), "the sandbox's lock is none of the project").toBe(false);
  });
});
