// A fake API on loopback with machines in memory, and the real Terraform against it, for tests.
import { randomUUID } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { execa } from "execa";
import { z } from "zod";
import { dropletSchema } from "../../../../cli/engine/sandbox/api/droplets.ts";
import { faultsSchema } from "../../../../cli/engine/sandbox/api/faults.ts";
import { firewallSchema } from "../../../../cli/engine/sandbox/api/firewalls.ts";
import { actionSchema } from "../../../../cli/engine/sandbox/api/schemas.ts";
import { createApiServer } from "../../../../cli/engine/sandbox/api/server.ts";
import { Cloud } from "../../../../cli/engine/sandbox/cloud.ts";
import { memoryMachines } from "../../../../cli/engine/sandbox/machines.ts";
import { makeProviderMirror, mirrorConfiguration } from "../../../../cli/engine/terraform/mirror.ts";

export const token = "sandbox-token";
const root = path.resolve(import.meta.dirname, "../../../..");

const numbered = z.looseObject({ id: z.int().min(1) });
const named = z.looseObject({ id: z.uuid() });
/** What tests look into of answers; that these have the service's whole shape, the server itself makes sure of. */
const bodySchema = z
  .looseObject({
    message: z.string(),
    droplet: dropletSchema,
    action: actionSchema,
    actions: z.array(actionSchema),
    firewall: firewallSchema,
    firewalls: z.array(firewallSchema),
    ssh_key: numbered,
    ssh_keys: z.array(z.looseObject({ fingerprint: z.string() })),
    domain_record: numbered,
    volume: named,
    project: named,
    reserved_ip: z.looseObject({ ip: z.ipv4(), droplet: numbered.nullable() }),
    tag: z.looseObject({ resources: z.looseObject({ droplets: z.looseObject({ count: z.int() }) }) }),
    tags: z.array(z.unknown()),
    faults: faultsSchema.shape.faults,
    links: z.looseObject({ pages: z.looseObject({ prev: z.url(), next: z.url() }).partial() }).partial(),
    meta: z.looseObject({ total: z.int() }),
  })
  .partial();

export type AnswerBody = z.output<typeof bodySchema>;

export interface Answered {
  readonly status: number;
  /** Empty where the answer is. */
  readonly body: AnswerBody;
  readonly headers: Headers;
}

export function readAnswer(text: string): AnswerBody {
  return bodySchema.parse(text === "" ? {} : JSON.parse(text));
}

/** The fake API; `await using` closes it and takes its files away. Machines take until `made` to be made. */
export async function openLaboratory(made: Promise<void> = Promise.resolve()) {
  const folder = mkdtempSync(path.join(tmpdir(), "tm-sandbox-"));
  const memory = memoryMachines();
  const machines: typeof memory = {
    ...memory,
    async create(...parameters) {
      await made;
      return memory.create(...parameters);
    },
  };
  const lines: string[] = [];
  const log = (line: string): void => void lines.push(line);
  const file = path.join(folder, "cloud.json");
  const cloud = await Cloud.open({ file, machines, now: Date.now, uuid: randomUUID, log });
  const server = createApiServer({ cloud, token, log, now: Date.now });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    folder,
    file,
    url,
    cloud,
    machines,
    /** What the API was asked: "GET /v2/droplets 200". */
    lines,
    async ask(method: string, at: string, body?: unknown, bearer = token): Promise<Answered> {
      const response = await fetch(url + at, {
        method,
        headers: { authorization: `Bearer ${bearer}` },
        ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
      });
      const text = await response.text();
      return {
        status: response.status,
        body: bodySchema.parse(text === "" ? {} : JSON.parse(text)),
        headers: response.headers,
      };
    },
    async [Symbol.asyncDispose](): Promise<void> {
      await cloud.settled();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export type Laboratory = Awaited<ReturnType<typeof openLaboratory>>;

/** The real Terraform with the stand-in provider in a mirror, in a folder of the laboratory. */
export async function openTerraform({ folder, url }: Laboratory) {
  const mirror = path.join(folder, "mirror");
  await makeProviderMirror(mirror, `linux_${process.arch === "arm64" ? "arm64" : "amd64"}`);
  writeFileSync(path.join(folder, "cli.tfrc"), mirrorConfiguration(mirror));
  const work = path.join(folder, "work");
  mkdirSync(work);
  const env = {
    TF_CLI_CONFIG_FILE: path.join(folder, "cli.tfrc"),
    TF_DISABLE_PLUGIN_TLS: "1",
    TF_IN_AUTOMATION: "1",
    CHECKPOINT_DISABLE: "1",
    TM_PROVIDER_NODE: process.execPath,
    TM_PROVIDER_PROGRAM: path.join(root, "provider/main.ts"),
    TM_PROVIDER_POLL_DELAY: "20",
    DIGITALOCEAN_API_URL: url,
    DIGITALOCEAN_TOKEN: token,
    DIGITALOCEAN_HTTP_RETRY_WAIT_MIN: "0.05",
    DIGITALOCEAN_HTTP_RETRY_WAIT_MAX: "0.2",
  };
  return {
    work,
    write(json: unknown): void {
      writeFileSync(path.join(work, "cdk.tf.json"), JSON.stringify(json));
    },
    /** Exit code and all that it wrote. */
    async run(
      args: readonly string[],
      more: Readonly<Record<string, string>> = {},
    ): Promise<{ code: number; text: string }> {
      const { exitCode, all } = await execa("terraform", [...args, "-no-color"], {
        cwd: work,
        env: { ...env, ...more },
        reject: false,
        all: true,
        stdin: "ignore",
        timeout: 60_000,
      });
      return { code: exitCode ?? -1, text: all };
    },
  };
}

/** Whether Terraform is installed; a test without it says so and does not run. */
export async function hasTerraform(): Promise<boolean> {
  const { exitCode } = await execa("terraform", ["version"], { reject: false });
  if (exitCode === 0) return true;
  process.stderr.write("terraform is not installed: tests that need it do not run\n");
  return false;
}
