// Whatever goes wrong at the service ends in a clear message, and the next run finishes: also with twelve droplets in one role.
import { mkdirSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findTerraform } from "../../cli/engine/terraform/binary.ts";
import { apply, destroy, initialize, plan, type TerraformRun } from "../../cli/engine/terraform/run.ts";
import { prepareWorkspace } from "../../cli/engine/terraform/workspace.ts";
import { Droplet } from "../../constructs/index.ts";
import { terraformOf } from "../../constructs/terraform.ts";
import { isTunnelMeshError } from "../../protocol/errors/error.ts";
import { hasTerraform, type Laboratory, openLaboratory, token } from "../cli/engine/sandbox/laboratory.ts";
import { office, synth } from "../constructs/mesh.ts";

const installed = await hasTerraform();
const inOneRole = 12;

/** What is put in at once, and what is said about the one resource that meets each. */
const faults = [
  [{ kind: "refuse" }, /digitalocean_droplet\.added\d: .*422 .*exceed your droplet limit/],
  [{ kind: "throttle", on: "POST /v2/droplets" }, /digitalocean_droplet\.added\d: .*: 429 .*Rate limit exceeded/],
  [{ kind: "fail" }, /digitalocean_droplet\.added\d: .*: 500 .*server-side error/],
  [{ kind: "stuck" }, /digitalocean_droplet\.added\d: timeout while waiting .*last state: 'new', locked/],
  [{ kind: "errored", on: "create" }, /digitalocean_droplet\.added\d: .*unexpected state 'off'/],
  [{ kind: "errored", on: "assign_ip" }, /reserved_ip_assignment\.node0: .*action .*assign_ip errored/],
] as const;
const added = 6;

describe.runIf(installed)("the service's faults", () => {
  let lab: Laboratory;

  async function open(more: boolean): Promise<TerraformRun> {
    const projectFolder = path.join(lab.folder, "project");
    mkdirSync(projectFolder, { recursive: true });
    const model = await synth(
      office((mesh) => {
        const props = { region: "fra1", size: "s-1vcpu-1gb", ssh: [] } as const;
        mesh.coordinator("hub", new Droplet(props));
        for (let index = 0; index < inOneRole; index += 1)
          mesh.node(`node${index}`, new Droplet({ ...props, reservedIp: more && index === 0 }));
        for (let index = 0; more && index < added; index += 1) mesh.node(`added${index}`, new Droplet(props));
        return undefined;
      }),
    );
    const binary = await findTerraform(process.env);
    const workspace = await prepareWorkspace({
      ...{ projectFolder, stage: "main", state: model.state, terraform: terraformOf(model)!, binary },
      environment: {},
      log: () => undefined,
      sandbox: {
        ...{ DIGITALOCEAN_API_URL: lab.url, DIGITALOCEAN_TOKEN: token, TM_PROVIDER_POLL_DELAY: "5" },
        DIGITALOCEAN_HTTP_RETRY_MAX: "0",
      },
    });
    const run = { binary, workspace, signal: new AbortController().signal, log: () => undefined };
    await initialize(run);
    return run;
  }

  async function deploy(more: boolean): Promise<void> {
    const run = await open(more);
    const { file } = await plan(run, { variables: {} }, () => undefined);
    await apply(run, file, {}, () => undefined);
  }

  const active = () =>
    Object.values(lab.cloud.state.droplets)
      .filter(({ status, locked }) => status === "active" && !locked)
      .map(({ name }) => name);

  beforeAll(async () => {
    lab = await openLaboratory();
  });
  afterAll(async () => {
    await lab?.ask("DELETE", "/sandbox/faults");
    await lab?.[Symbol.asyncDispose]();
  });

  it("are none where twelve droplets have one role", async () => {
    await deploy(false);
    expect(active()).toHaveLength(inOneRole + 1);
    expect(Object.values(lab.cloud.state.firewalls).map(({ droplet_ids }) => droplet_ids)).toEqual([[], []]);
  });

  it("are each said in the service's own words, by the name of what met it", async () => {
    for (const [fault] of faults) await lab.ask("POST", "/sandbox/faults", fault);
    const error = await deploy(true).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "TM_TERRAFORM_LIMIT" });
    for (const [fault, text] of faults)
      expect(isTunnelMeshError(error) ? error.detail : undefined, JSON.stringify(fault)).toMatch(text);
    // What keeps a droplet stuck ends some time; the others were met and are over.
    expect((await lab.ask("DELETE", "/sandbox/faults")).body.faults).toEqual([]);
    await lab.cloud.settled();
  });

  it("leave a state from which the next run finishes", async () => {
    await deploy(true);
    expect(active()).toHaveLength(1 + inOneRole + added);
    expect(Object.values(lab.cloud.state.droplets)).toHaveLength(1 + inOneRole + added);
    expect(Object.values(lab.cloud.state.reservedIps)).toMatchObject([{ droplet_id: expect.any(Number) }]);
  });

  it("leave nothing to do after it, and nothing behind when all goes", async () => {
    const run = await open(true);
    expect((await plan(run, { variables: {} }, () => undefined)).changes).toBe(false);
    await destroy(run, () => undefined);
    await lab.cloud.settled();
    const { droplets, firewalls, tags, reservedIps } = lab.cloud.state;
    expect({ droplets, firewalls, tags, reservedIps }).toEqual({
      droplets: {},
      firewalls: {},
      tags: [],
      reservedIps: {},
    });
  });
});
