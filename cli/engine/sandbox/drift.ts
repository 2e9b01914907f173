// Changes the sandbox's cloud behind Terraform's back, through the calls that somebody at the control panel would make.
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { TunnelMeshError } from "../../../protocol/errors/error.ts";
import { dropletSchema } from "./api/droplets.ts";
import { firewallSchema } from "./api/firewalls.ts";
import { actionAnswer } from "./api/schemas.ts";
import { askSandbox, listOf } from "./client.ts";
import { type SandboxPlace, type SandboxServer, sandboxPlace } from "./place.ts";
import { runningSandbox } from "./sandbox.ts";

export const driftKinds = ["rename", "resize", "delete", "stop", "start", "open", "unassign"] as const;
export type DriftKind = (typeof driftKinds)[number];

export interface Drift {
  readonly kind: DriftKind;
  /** Id or name of a droplet; for "open" of a firewall; for "unassign" a reserved address; for "delete" any of these. */
  readonly target: string;
  /** The new name or size; for "open" the port. */
  readonly value?: string | undefined;
}

type Droplet = z.output<typeof dropletSchema>;
type Firewall = z.output<typeof firewallSchema>;

const anything = z.unknown();
const actionTimeout = 60_000;

/** What was done, in words. @throws TunnelMeshError TM_SANDBOX_NOT_RUNNING, TM_SANDBOX_TARGET, TM_SANDBOX_REFUSED */
export async function drift({ kind, target, value }: Drift, place: SandboxPlace = sandboxPlace()): Promise<string> {
  const server = await runningSandbox(place);
  switch (kind) {
    case "rename": {
      const { id, name } = await dropletOf(server, target);
      await act(server, id, { type: "rename", name: needed(kind, value) });
      return `droplet ${id} ${name} is called ${value}`;
    }
    case "resize": {
      const size = needed(kind, value);
      const { id, name } = await dropletOf(server, target);
      await act(server, id, { type: "power_off" });
      try {
        await act(server, id, { type: "resize", size, disk: false });
      } finally {
        await act(server, id, { type: "power_on" });
      }
      return `droplet ${id} ${name} has size ${size}`;
    }
    case "stop":
    case "start": {
      const { id, name } = await dropletOf(server, target);
      await act(server, id, { type: kind === "stop" ? "power_off" : "power_on" });
      return `droplet ${id} ${name} is ${kind === "stop" ? "off" : "on"}`;
    }
    case "open":
      return await open(server, await firewallOf(server, target), value ?? "22");
    case "unassign": {
      await askSandbox(server, actionAnswer, "POST", `/v2/reserved_ips/${encodeURIComponent(target)}/actions`, {
        type: "unassign",
      });
      return `reserved address ${target} leads nowhere`;
    }
    case "delete":
      return await remove(server, target);
    default:
      return kind satisfies never;
  }
}

function needed(kind: DriftKind, value: string | undefined): string {
  if (value !== undefined) return value;
  throw new TunnelMeshError("TM_SANDBOX_TARGET", { detail: `${kind}: to what? One more argument says it.` });
}

async function act(server: SandboxServer, id: number, body: object): Promise<void> {
  const { action } = await askSandbox(server, actionAnswer, "POST", `/v2/droplets/${id}/actions`, body);
  const until = Date.now() + actionTimeout;
  while (Date.now() < until) {
    const { status } = (await askSandbox(server, actionAnswer, "GET", `/v2/actions/${action.id}`)).action;
    if (status === "completed") return;
    if (status === "errored") break;
    await sleep(100);
  }
  throw new TunnelMeshError("TM_SANDBOX_REFUSED", { detail: `action ${action.id} (${action.type}) did not end well` });
}

async function open(server: SandboxServer, firewall: Firewall, port: string): Promise<string> {
  const { id, name, inbound_rules, outbound_rules, droplet_ids, tags } = firewall;
  const rule = { protocol: "tcp", ports: port, sources: { addresses: ["0.0.0.0/0", "::/0"] } };
  await askSandbox(server, anything, "PUT", `/v2/firewalls/${id}`, {
    ...{ name, outbound_rules, droplet_ids, tags },
    inbound_rules: [...inbound_rules, rule],
  });
  return `firewall ${name} lets everybody in at tcp ${port}`;
}

/** A droplet, a firewall or a reserved address. */
async function remove(server: SandboxServer, target: string): Promise<string> {
  const addresses = await listOf(server, z.object({ ip: z.string() }), "reserved_ips", "reserved_ips");
  if (addresses.some(({ ip }) => ip === target)) {
    await askSandbox(server, anything, "DELETE", `/v2/reserved_ips/${target}`);
    return `reserved address ${target} is gone`;
  }
  const firewall = (await matching(server, firewallSchema, "firewalls", target))[0];
  if (firewall !== undefined) {
    await askSandbox(server, anything, "DELETE", `/v2/firewalls/${firewall.id}`);
    return `firewall ${firewall.name} is gone`;
  }
  const { id, name } = await dropletOf(server, target);
  await askSandbox(server, anything, "DELETE", `/v2/droplets/${id}`);
  return `droplet ${id} ${name} is gone`;
}

const dropletOf = (server: SandboxServer, target: string): Promise<Droplet> =>
  only(server, dropletSchema, "droplets", target);
const firewallOf = (server: SandboxServer, target: string): Promise<Firewall> =>
  only(server, firewallSchema, "firewalls", target);

async function only<T extends Named>(
  server: SandboxServer,
  schema: z.ZodType<T>,
  root: string,
  target: string,
): Promise<T> {
  const found = await matching(server, schema, root, target);
  if (found.length === 1) return found[0]!;
  const detail =
    found.length === 0
      ? `none of its ${root} is called ${JSON.stringify(target)}`
      : `${found.length} of its ${root} are called ${JSON.stringify(target)}: name one by its id, ${found.map(({ id }) => id).join(" or ")}`;
  throw new TunnelMeshError("TM_SANDBOX_TARGET", { detail });
}

interface Named {
  readonly id: number | string;
  readonly name: string;
}

async function matching<T extends Named>(
  server: SandboxServer,
  schema: z.ZodType<T>,
  root: string,
  target: string,
): Promise<T[]> {
  const all = await listOf(server, schema, root, root);
  return all.filter(({ id, name }) => String(id) === target || name === target);
}
