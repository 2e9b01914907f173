// Whatever goes wrong at the service ends in a clear message, and the next run finishes: thirteen droplets, one fault after another.
import { mkdirSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findTerraform } from "../../cli/engine/terraform/binary.ts";
import { apply, destroy, initialize, plan, type TerraformRun } from "../../cli/engine/terraform/run.ts";
import { prepareWorkspace } from "../../cli/engine/terraform/workspace.ts";
import { Droplet } from "../../constructs/index.ts";
import { terraformOf } from "../../constructs/terraform.ts";
import { hasTerraform, type Laboratory, openLaboratory, token } from "../cli/engine/sandbox/laboratory.ts";
import { office, synth } from "../constructs/mesh.ts";

const installed = await hasTerraform();
const inOneRole = 12;

/** What is put in, and what tm says when a droplet is added then. */
const faults = [
  [{ kind: "refuse" }, "TM_TERRAFORM_LIMIT", /added0: .*422 .*exceed your droplet limit/],
  [{ kind: "throttle", on: "POST /v2/droplets", times: 2 }, "TM_TERRAFORM_THROTTLED", /added1: .*: 429 .*Rate limit/],
  [{ kind: "fail", times: 2 }, "TM_TERRAFORM_FAILED", /added2: .*: 500 .*server-side error/],
  [{ kind: "stuck" }, "TM_TERRAFORM_UNFINISHED", /added3: timeout while waiting .*last state: 'new', locked/],
  [{ kind: "errored", on: "create" }, "TM_TERRAFORM_UNFINISHED", /added4: .*unexpected state 'off'/],
  [{ kind: "errored", on: "assign_ip" }, "TM_TERRAFORM_UNFINISHED", /assignment\.added5: .*assign_ip errored/],
] as const;

describe.runIf(installed)("the service's faults", () => {
  let lab: Laboratory;

  async function open(added: number): Promise<TerraformRun> {
    const projectFolder = path.join(lab.folder, "project");
    mkdirSync(projectFolder, { recursive: true });
    const model = await synth(
      office((mesh) => {
        const props = { region: "fra1", size: "s-1vcpu-1gb", ssh: [] } as const;
        mesh.coordinator("hub", new Droplet(props));
        for (let index = 0; index < inOneRole; index += 1) mesh.node(`node${index}`, new Droplet(props));
        for (let index = 0; index < added; index += 1)
          mesh.node(`added${index}`, new Droplet({ ...props, reservedIp: index === 5 }));
        return undefined;
      }),
    );
    const binary = await findTerraform(process.env);
    const workspace = await prepareWorkspace({
      ...{ projectFolder, stage: "main", state: model.state, terraform: terraformOf(model)!, binary },
      environment: {},
      sandbox: {
        ...{ DIGITALOCEAN_API_URL: lab.url, DIGITALOCEAN_TOKEN: token, TM_PROVIDER_POLL_DELAY: "5" },
        ...{ DIGITALOCEAN_HTTP_RETRY_MAX: "1", DIGITALOCEAN_HTTP_RETRY_WAIT_MIN: "0.01" },
      },
    });
    const run = { binary, workspace, signal: new AbortController().signal, log: () => undefined };
    await initialize(run);
    return run;
  }

  async function deploy(added: number): Promise<void> {
    const run = await open(added);
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
    await deploy(0);
    expect(active()).toHaveLength(inOneRole + 1);
    expect(Object.values(lab.cloud.state.firewalls).map(({ droplet_ids }) => droplet_ids)).toEqual([[], []]);
  });

  it.each(faults.map(([fault, code, text], index) => [fault, code, text, index] as const))(
    "%j ends in %s, and the next run finishes it",
    async (fault, code, text, index) => {
      await lab.ask("POST", "/sandbox/faults", fault);
      await expect(deploy(index + 1)).rejects.toMatchObject({ code, detail: expect.stringMatching(text) });
      // What keeps a droplet stuck ends some time; everything else was met and is over.
      await lab.ask("DELETE", "/sandbox/faults");
      await lab.cloud.settled();
      await deploy(index + 1);
      expect(active()).toHaveLength(inOneRole + 2 + index);
      expect(active()).toContain(`added${index}`);
    },
  );

  it("leave a cloud in which nothing is to be done, and that goes as a whole", async () => {
    expect(Object.values(lab.cloud.state.reservedIps)).toMatchObject([{ droplet_id: expect.any(Number) }]);
    const run = await open(faults.length);
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
