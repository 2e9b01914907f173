// The commands around the state over a real apply: drift, refresh, outputs, a lost state that is adopted, one that is carried.
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import { applyCloud, readPlaces } from "../../../../cli/engine/cloud/apply.ts";
import { openCloud, usingCloud } from "../../../../cli/engine/cloud/open.ts";
import { planCloud } from "../../../../cli/engine/cloud/plan.ts";
import type { LoadedStack } from "../../../../cli/engine/deploy/contract.ts";
import type { Adoption } from "../../../../cli/engine/state/contract.ts";
import {
  adoptDroplet,
  findDrift,
  pullState,
  pushState,
  refreshState,
  stackOutputs,
} from "../../../../cli/engine/state/index.ts";
import { makeProviderMirror } from "../../../../cli/engine/terraform/mirror.ts";
import { apply, plan } from "../../../../cli/engine/terraform/run.ts";
import { Droplet, text } from "../../../../constructs/index.ts";
import { synthesizeStack } from "../../../../constructs/synth/synthesize.ts";
import { terraform, terraformOf } from "../../../../constructs/terraform.ts";
import { office, synthesizeOptions } from "../../../constructs/mesh.ts";
import { hasTerraform, type Laboratory, openLaboratory, token } from "../sandbox/laboratory.ts";
import { engineContext } from "./held.ts";

const installed = await hasTerraform();
const none = (): void => undefined;

interface Variation {
  /** The coordinator's name, and the one that it had. */
  readonly name?: string;
  readonly formerly?: string;
  readonly size?: string;
  readonly region?: string;
}

describe.runIf(installed)("the state of a stack with droplets", () => {
  let lab: Laboratory;
  let project: string;

  /** The stack, with its coordinator as `variation` says. */
  async function load(variation: Variation = {}): Promise<LoadedStack> {
    const { name = "hub", formerly, size = "s-1vcpu-1gb", region = "fra1" } = variation;
    const props = { ssh: ["203.0.113.7/32"] } as const;
    const { model, additions } = await synthesizeStack(
      office((mesh) => {
        const volume = { gib: 5, mount: "/srv/data" } as const;
        const host = new Droplet({ ...props, size, region, reservedIp: true, dns: "hub.example.org", volume });
        mesh.coordinator(name, host, formerly === undefined ? {} : { formerly });
        mesh.node("gw", new Droplet({ ...props, size: "s-1vcpu-1gb", region: "ams3" }));
        terraform(mesh, (stack) => {
          stack.addOverride("output.secret", { value: "hunter2", sensitive: true });
          stack.addOverride("output.list", { value: ["a", "b"] });
        });
        return { outputs: { where: text`http://${host.publicIp}/`, stage: "main" } };
      }),
      synthesizeOptions(),
    );
    return {
      model,
      terraform: terraformOf(model, additions)!,
      stackFile: path.join(project, "stack.ts"),
      projectFolder: project,
      stage: "main",
    };
  }
  const contextOf = async (variation?: Variation) => engineContext(await load(variation)).context;
  const dropletOf = (name: string) => Object.values(lab.cloud.state.droplets).find((one) => one.name === name)!;
  const stateFile = () => path.join(project, ".tm/terraform/main/terraform.tfstate");

  async function deploy(variation?: Variation): Promise<boolean> {
    return usingCloud(await contextOf(variation), {}, async (cloud) => {
      const { file, changes } = await plan(cloud!.run, { variables: {} }, none);
      if (changes) await apply(cloud!.run, file, {}, none);
      await lab.cloud.settled();
      return changes;
    });
  }

  beforeAll(async () => {
    lab = await openLaboratory();
    await lab.ask("POST", "/v2/domains", { name: "example.org" });
    project = path.join(lab.folder, "project");
    mkdirSync(project);
    const mirror = path.join(lab.folder, "mirror");
    await makeProviderMirror(mirror, `linux_${process.arch === "arm64" ? "arm64" : "amd64"}`);
    const environment = {
      TM_DO_PROVIDER_DIR: mirror,
      TF_DISABLE_PLUGIN_TLS: "1",
      TM_PROVIDER_NODE: process.execPath,
      TM_PROVIDER_PROGRAM: path.resolve(import.meta.dirname, "../../../../provider/main.ts"),
      TM_PROVIDER_POLL_DELAY: "20",
      DIGITALOCEAN_API_URL: lab.url,
      DIGITALOCEAN_TOKEN: token,
    };
    for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
    await expect(findDrift(await contextOf())).rejects.toMatchObject({ code: "TM_STATE_EMPTY" });
    expect(existsSync(stateFile()), "asking for drift makes no state").toBe(false);
    expect(await deploy()).toBe(true);
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    await lab?.[Symbol.asyncDispose]();
  });

  it("gives outputs without a token, and secrets only when asked", async () => {
    const context = await contextOf();
    vi.stubEnv("DIGITALOCEAN_TOKEN", "");
    onTestFinished(() => void vi.stubEnv("DIGITALOCEAN_TOKEN", token));
    const { public_ip: address } = dropletOf("hub");
    const reserved = Object.values(lab.cloud.state.reservedIps)[0]!.ip;
    expect(address).not.toBe(reserved);
    expect((await stackOutputs({ ...context, showSecrets: false })).outputs).toEqual({
      list: { value: ["a", "b"], sensitive: false },
      secret: { value: "(sensitive)", sensitive: true },
      stage: { value: "main", sensitive: false },
      where: { value: `http://${reserved}/`, sensitive: false },
    });
    const { outputs } = await stackOutputs({ ...context, showSecrets: true });
    expect(outputs["secret"]).toEqual({ value: "hunter2", sensitive: true });
    expect(readdirSync(path.join(project, ".tm/terraform/main")).filter((name) => name.startsWith("run-"))).toEqual([]);
  });

  it("has no drift after a deploy, and shows what changed outside tm", async () => {
    expect((await findDrift(await contextOf())).drift).toEqual([]);
    await lab.cloud.change((draft) => {
      const gw = Object.values(draft.droplets).find(({ name }) => name === "gw")!;
      gw.name = "renamed";
      const node = Object.values(draft.firewalls).find(({ name }) => name === "office-main-node")!;
      node.inbound = node.inbound.map((rule) =>
        rule.ports === "22" ? { ...rule, peers: { addresses: ["0.0.0.0/0"] } } : rule,
      );
    });
    const { drift, ...rest } = await findDrift(await contextOf());
    expect(rest).toEqual({ mesh: "office-main", stage: "main" });
    expect(drift).toEqual([
      {
        address: "digitalocean_droplet.gw",
        node: "gw",
        what: "changed",
        attributes: [{ name: "name", before: "gw", after: "renamed" }],
      },
      {
        address: "digitalocean_firewall.node",
        what: "changed",
        attributes: [expect.objectContaining({ before: ["203.0.113.7/32"], after: ["0.0.0.0/0"] })],
      },
    ]);
  });

  it("takes drift in when somebody says yes, and the next deploy puts it right", async () => {
    const asked: number[] = [];
    const confirm = async ({ drift }: { readonly drift: readonly unknown[] }) => asked.push(drift.length) > 0;
    expect(await refreshState({ ...(await contextOf()), confirm })).toMatchObject({ written: true });
    expect(asked).toEqual([2]);
    expect(await deploy()).toBe(true);
    expect(dropletOf("gw")).toBeDefined();
  });

  it("that is lost is made up by adopting each droplet, and then there is nothing to do", async () => {
    const { id: hub } = dropletOf("hub");
    const { id: gw } = dropletOf("gw");
    renameSync(stateFile(), `${stateFile()}.lost`);
    const before = structuredClone(lab.cloud.state);
    await expect(adoptDroplet({ ...(await contextOf()), node: "hub", droplet: 1 })).rejects.toMatchObject({
      code: "TM_IMPORT_DROPLET",
    });
    await expect(adoptDroplet({ ...(await contextOf()), node: "nas", droplet: hub })).rejects.toMatchObject({
      code: "TM_IMPORT_NODE",
    });
    await expect(adoptDroplet({ ...(await contextOf()), node: "gw", droplet: hub })).rejects.toMatchObject({
      code: "TM_IMPORT_REPLACES",
      detail: expect.stringMatching(/digitalocean_droplet\.gw: .*region \(is "fra1", stack: "ams3"\)/),
    });
    const shown: Adoption[] = [];
    expect(existsSync(stateFile()), "a refusal writes no state").toBe(false);
    const adopted = await adoptDroplet({
      ...(await contextOf({ size: "s-2vcpu-2gb" })),
      ...{ node: "hub", droplet: hub },
      confirm: async (adoption) => shown.push(adoption) > 0,
    });
    expect(shown[0]?.changes, "what the stack says otherwise is changed in place").toEqual([
      {
        address: "digitalocean_droplet.hub",
        attributes: [{ name: "size", before: "s-1vcpu-1gb", after: "s-2vcpu-2gb" }],
      },
    ]);
    expect(adopted.resources.map(({ address }) => address)).toEqual(
      expect.arrayContaining([
        "digitalocean_droplet.hub",
        "digitalocean_firewall.coordinator",
        "digitalocean_record.hub",
        "digitalocean_reserved_ip.hub",
        "digitalocean_reserved_ip_assignment.hub",
        "digitalocean_volume.hub",
        "digitalocean_vpc.fra1",
      ]),
    );
    await adoptDroplet({ ...(await contextOf()), node: "gw", droplet: gw });
    await expect(adoptDroplet({ ...(await contextOf()), node: "gw", droplet: gw })).rejects.toMatchObject({
      code: "TM_IMPORT_NODE",
      detail: expect.stringContaining("already"),
    });
    const { run } = (await openCloud(await contextOf()))!;
    const events: unknown[] = [];
    await plan(run, { variables: {} }, (event) => events.push(event));
    expect(events.filter((event) => (event as { kind: string }).kind === "planned")).toEqual([]);
    expect(lab.cloud.state, "nothing at the service changed").toEqual(before);
  });

  it("is carried into another place, but never over another one", async () => {
    const copy = path.join(lab.folder, "copy.tfstate");
    const pulled = await pullState(await contextOf());
    writeFileSync(copy, pulled.text);
    rmSync(stateFile());
    await expect(pullState(await contextOf())).rejects.toMatchObject({ code: "TM_STATE_EMPTY" });
    expect(await pushState({ ...(await contextOf()), file: copy })).toMatchObject({ resources: pulled.resources });
    expect((await pullState(await contextOf())).text).toBe(pulled.text);
    writeFileSync(copy, JSON.stringify({ ...JSON.parse(pulled.text), lineage: "another", serial: 99 }));
    await expect(pushState({ ...(await contextOf()), file: copy })).rejects.toMatchObject({ code: "TM_STATE_FILE" });
    writeFileSync(copy, "{}");
    await expect(pushState({ ...(await contextOf()), file: copy })).rejects.toMatchObject({ code: "TM_STATE_FILE" });
  });

  it("keeps droplet, address and volume of a member that is renamed, then and afterwards", async () => {
    const [volume] = Object.values(lab.cloud.state.volumes);
    const { id } = dropletOf("hub");
    const renamed = await contextOf({ name: "center", formerly: "hub" });
    const cloud = (await openCloud(renamed))!;
    onTestFinished(() => cloud.close());
    const planned = await planCloud(renamed, cloud, { members: new Set(["hub", "gw"]) });
    expect(planned.changes.map(({ address, action }) => `${action} ${address}`).toSorted()).toEqual([
      "move digitalocean_record.center",
      "move digitalocean_reserved_ip.center",
      "move digitalocean_reserved_ip_assignment.center",
      "move digitalocean_volume.center",
      "update digitalocean_droplet.center",
    ]);
    await applyCloud(renamed, cloud, planned);
    expect(dropletOf("center").id).toBe(id);
    expect(Object.values(lab.cloud.state.volumes)).toEqual([volume]);
    const places = await readPlaces(renamed, cloud);
    expect(places["center"]).toMatchObject({ id: String(id), volume: "office-main-hub" });
    expect(await deploy({ name: "center" }), "nothing more once formerly is taken out").toBe(false);
  });

  it("shows a droplet that is gone", async () => {
    const { id } = dropletOf("gw");
    await lab.ask("DELETE", `/v2/droplets/${id}`);
    await lab.cloud.settled();
    expect((await findDrift(await contextOf({ name: "center" }))).drift).toContainEqual({
      address: "digitalocean_droplet.gw",
      node: "gw",
      what: "deleted",
      attributes: [],
    });
  });
});
