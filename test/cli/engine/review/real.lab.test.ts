// Plans of the real Terraform with the stand-in: the golden comment, the same digest on two machines, and no secret anywhere.
import { mkdirSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { reviewPlan } from "../../../../cli/engine/review/review.ts";
import { findTerraform } from "../../../../cli/engine/terraform/binary.ts";
import { apply, initialize, plan, readJson, type TerraformRun } from "../../../../cli/engine/terraform/run.ts";
import { prepareWorkspace } from "../../../../cli/engine/terraform/workspace.ts";
import { renderPlanAs } from "../../../../cli/output/review/formats.ts";
import { renderPlanMarkdown } from "../../../../cli/output/review/markdown.ts";
import { planFormats } from "../../../../cli/output/review/names.ts";
import { Droplet, type Mesh } from "../../../../constructs/index.ts";
import type { MeshModel } from "../../../../constructs/model.ts";
import { type TerraformStack, terraformOf } from "../../../../constructs/terraform.ts";
import { office, synth } from "../../../constructs/mesh.ts";
import { hasTerraform, type Laboratory, openLaboratory, token } from "../sandbox/laboratory.ts";
import { buildAfter, buildBefore, meshPlan } from "./recorded.ts";

const installed = await hasTerraform();
const commit = "0123456789abcdef0123456789abcdef01234567";

interface Opened {
  readonly model: MeshModel;
  readonly terraform: Readonly<Record<string, unknown>>;
  readonly run: TerraformRun;
}

/** What the cloud gives out is another one each time. */
function withoutChance(comment: string): string {
  return comment
    .replace(/[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}/g, "UUID")
    .replace(/198\.19\.\d+\.\d+|2001:db8::[0-9a-f]+/g, "ADDRESS")
    .replace(/droplet_id: \d+/g, "droplet_id: ID")
    .replace(/sha256:[0-9a-f]{64}/g, "sha256:DIGEST");
}

describe.runIf(installed)("a plan of the real Terraform", () => {
  let lab: Laboratory;
  const logged: string[] = [];

  async function open(
    build: (mesh: Mesh) => undefined,
    add?: (stack: TerraformStack) => void,
    machine = "one",
  ): Promise<Opened> {
    const projectFolder = path.join(lab.folder, machine);
    mkdirSync(projectFolder, { recursive: true });
    const model = await synth(office(build));
    const terraform = terraformOf(model, add === undefined ? [] : [add as (stack: unknown) => void])!;
    const binary = await findTerraform(process.env);
    const workspace = await prepareWorkspace({
      ...{ projectFolder, stage: "main", state: model.state, terraform, binary },
      environment: {},
      log: () => undefined,
      sandbox: { DIGITALOCEAN_API_URL: lab.url, DIGITALOCEAN_TOKEN: token, TM_PROVIDER_POLL_DELAY: "20" },
    });
    // The state lies where both machines find it.
    const shared = {
      ...workspace,
      backendArguments: [`-backend-config=path=${path.join(lab.folder, "shared.tfstate")}`],
    };
    const run = {
      binary,
      workspace: shared,
      signal: new AbortController().signal,
      log: (line: string) => void logged.push(line),
    };
    await initialize(run);
    return { model, terraform, run };
  }

  async function review(
    { model, terraform, run }: Opened,
    environment = {},
    variables: Record<string, string> = {},
    given: readonly string[] = [],
  ) {
    const { file } = await plan(run, { variables, arguments: given }, () => undefined);
    const shown = await readJson(run, ["show", "-json", file]);
    const now = Date.UTC(2026, 10, 27, 12);
    const deployed = { allow: model.policy.allow, at: now };
    return {
      shown,
      plan: reviewPlan({ model, terraform, shown, result: meshPlan, deployed, environment, now, commit }),
    };
  }

  beforeAll(async () => {
    lab = await openLaboratory();
    const { run } = await open(buildBefore);
    const { file } = await plan(run, { variables: {} }, () => undefined);
    await apply(run, file, {}, () => undefined);
  });
  afterAll(async () => {
    await lab?.[Symbol.asyncDispose]();
  });

  it("makes the golden comment, with one digest on two machines and at two times", async () => {
    const here = await open(buildAfter);
    const first = await review(here, {}, { "nonce_gw-lon1": "11".repeat(32) });
    await expect(withoutChance(renderPlanMarkdown(first.plan))).toMatchFileSnapshot("golden/real-comment.md");
    const there = await open(buildAfter, undefined, "two");
    const second = await review(there, { SOME_TOKEN: "of-the-other-machine" }, { "nonce_gw-lon1": "22".repeat(32) });
    expect(second.plan.digest).toBe(first.plan.digest);
    // Whoever reviewed a replacement that nobody named has agreed to the plan that names it.
    const named = await review(here, {}, {}, ["-replace=digitalocean_droplet.hub"]);
    expect(named.plan.digest).toBe(first.plan.digest);
    const more = await open((mesh) => {
      buildAfter(mesh);
      mesh.node("more", new Droplet({ size: "s-1vcpu-1gb", region: "lon1", ssh: [] }));
      return undefined;
    });
    expect((await review(more)).plan.digest).not.toBe(first.plan.digest);
  });

  it("shows no secret of environment, user_data, variables or outputs, in no form and nowhere", async () => {
    const secrets = {
      APP_TOKEN: "tok/en+with?odd&chars=1",
      DB_PASSWORD: "correct horse battery staple",
      SIGNING_KEY: "-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQ\nAoIBAQC7VJTUt9Us8cKjMzEfYy\n-----END KEY-----",
    };
    const reference = ["$", "{var.hidden}"].join("");
    const [marked, userData] = ["a-value-that-is-marked-sensitive", "echo hidden-in-user-data-only"];
    const { APP_TOKEN: appToken, DB_PASSWORD: password, SIGNING_KEY: key } = secrets;
    const base64 = (text: string) => Buffer.from(text).toString("base64");
    const opened = await open(
      (mesh) => {
        const props = { size: "s-1vcpu-1gb", region: "fra1", ssh: [] } as const;
        mesh.coordinator("hub", new Droplet(props));
        mesh.node("new", new Droplet(props));
        return undefined;
      },
      (stack) => {
        const set = (at: string, value: unknown): void => stack.addOverride(at, value);
        for (const name of ["hub", "new"]) {
          set(`resource.digitalocean_droplet.${name}.user_data`, `#!/bin/sh\n${userData} ${appToken}`);
        }
        set("variable.hidden", { type: "string", sensitive: true, default: marked });
        set("resource.digitalocean_tag.plain.name", password.replaceAll(" ", "_"));
        set("resource.digitalocean_record.text", {
          domain: "example.org",
          type: "TXT",
          name: "x",
          value: `v=${base64(`key:${appToken}`)}`,
        });
        set("resource.digitalocean_record.hex", {
          domain: "example.org",
          type: "TXT",
          name: "y",
          value: Buffer.from(password).toString("hex"),
        });
        set("resource.digitalocean_record.url", {
          domain: "example.org",
          type: "TXT",
          name: "z",
          value: encodeURIComponent(appToken),
        });
        set("resource.digitalocean_record.marked", {
          domain: "example.org",
          type: "TXT",
          name: "m",
          value: reference,
        });
        set("output.plain", { value: `token is ${appToken}` });
        set("output.nested", { value: { deep: [password, base64(key)] } });
        set("output.marked", { value: reference, sensitive: true });
        set("output.copy", { value: marked });
      },
    );
    const { shown, plan: reviewed } = await review(opened, { ...secrets, HOME: "/root" });
    // The test sees something only while Terraform does say them.
    for (const secret of [appToken, marked])
      expect(JSON.stringify(shown)).toContain(JSON.stringify(secret).slice(1, -1));
    expect(reviewed.changes.map(({ address }) => address)).toContain("digitalocean_record.text");
    const written = planFormats.map((format) => renderPlanAs(reviewed, format)).join("\n");
    const forms = [appToken, password, marked, userData, ...key.split("\n").slice(1, 3)].flatMap((secret) => [
      secret,
      encodeURIComponent(secret),
      base64(secret).replace(/..?=*$/, ""),
      Buffer.from(secret).toString("base64url").slice(0, -2),
      Buffer.from(secret).toString("hex"),
    ]);
    for (const form of [...forms, base64(`key:${appToken}`).slice(6, -4)]) {
      expect(written, form).not.toContain(form);
      expect(logged.join("\n"), form).not.toContain(form);
    }
    expect(written).toContain("(sensitive)");
  });
});
