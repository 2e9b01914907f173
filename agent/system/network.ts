// Addresses and routes of the mesh's interface, through iproute2. All of them hang on the interface and vanish with it, also after kill -9.
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { cidrsOverlap } from "../../protocol/addresses/cidr.ts";
import { TunnelMeshError } from "../../protocol/errors/error.ts";

const run = promisify(execFile);

export interface NetworkPlan {
  readonly interface: string;
  readonly mtu: number;
  readonly ip4: string | undefined;
  readonly ip6: string;
  /** CIDRs of the mesh. */
  readonly range: string;
  readonly range6: string;
}

/** The arguments of `ip`, step by step, that bring the interface up; without IPv6 where the host has it switched off. Pure. */
export function planNetwork(plan: NetworkPlan, ipv6 = true): readonly (readonly string[])[] {
  const device = ["dev", plan.interface];
  const steps: string[][] = [["link", "set", ...device, "mtu", String(plan.mtu)]];
  if (plan.ip4 !== undefined) steps.push(["addr", "replace", `${plan.ip4}/32`, ...device]);
  if (ipv6) steps.push(["-6", "addr", "replace", `${plan.ip6}/128`, ...device, "nodad"]);
  steps.push(["link", "set", ...device, "up"]);
  if (plan.ip4 !== undefined) steps.push([...routeStep("replace", plan.range, plan.interface), "src", plan.ip4]);
  if (ipv6) steps.push(routeStep("replace", plan.range6, plan.interface));
  return steps;
}

/** The arguments of `ip` that add or delete one route to the interface. Pure. */
export function routeStep(verb: "replace" | "del", range: string, device: string): string[] {
  return [range.includes(":") ? "-6" : "-4", "route", verb, range, "dev", device, "proto", "static"];
}

/** @throws TunnelMeshError TM_AGENT_NETWORK naming the step that was refused */
export async function runIp(steps: readonly (readonly string[])[]): Promise<void> {
  for (const step of steps) {
    try {
      await run("ip", step, { timeout: 10_000 });
    } catch (cause) {
      const said = (cause as { stderr?: string }).stderr?.trim();
      throw new TunnelMeshError("TM_AGENT_NETWORK", {
        detail: `ip ${step.join(" ")}: ${said || String(cause)}`,
        cause,
      });
    }
  }
}

/** Says whether the host lets this interface have IPv6 addresses: a sysctl or the kernel's command line may forbid it. */
export async function hasIpv6(device: string): Promise<boolean> {
  try {
    return (await readFile(`/proc/sys/net/ipv6/conf/${device}/disable_ipv6`, "utf8")).trim() === "0";
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
}

interface Route {
  readonly dst: string;
  readonly dev?: string;
}

/** The first route that overlaps one of `ranges` and leads elsewhere than to `device`; default routes do not count. Pure. */
export function findClash(routes: readonly Route[], ranges: readonly string[], device: string): Route | undefined {
  return routes.find(({ dst, dev }) => {
    if (dst === "default" || dev === device || !/^[0-9a-f.:]+(\/\d+)?$/i.test(dst)) return false;
    const range = dst.includes("/") ? dst : `${dst}/${dst.includes(":") ? 128 : 32}`;
    return ranges.some((own) => cidrsOverlap(own, range));
  });
}

/** @throws TunnelMeshError TM_AGENT_RANGE_CLASH, TM_AGENT_NETWORK */
export async function refuseClash(plan: NetworkPlan): Promise<void> {
  const ranges = [plan.range, plan.range6];
  for (const family of ["-4", "-6"]) {
    const clash = findClash(await readRoutes(family), ranges, plan.interface);
    if (clash !== undefined) {
      const detail = `${clash.dst} leads to ${clash.dev ?? "elsewhere"}, and the mesh has ${ranges.join(" and ")}`;
      throw new TunnelMeshError("TM_AGENT_RANGE_CLASH", { detail });
    }
  }
}

async function readRoutes(family: string): Promise<Route[]> {
  try {
    const { stdout } = await run("ip", ["-json", family, "route", "show", "table", "all"], {
      timeout: 10_000,
      maxBuffer: 64 * 1024 * 1024,
    });
    const parsed: unknown = JSON.parse(stdout.trim() || "[]");
    return Array.isArray(parsed) ? parsed.filter((route): route is Route => typeof route?.dst === "string") : [];
  } catch (cause) {
    throw new TunnelMeshError("TM_AGENT_NETWORK", { detail: `ip ${family} route show table all`, cause });
  }
}

/** Which of `ranges` this host already routes elsewhere than to `device`. @throws TunnelMeshError TM_AGENT_NETWORK */
export async function findRouteClash(ranges: readonly string[], device: string): Promise<ReadonlySet<string>> {
  if (ranges.length === 0) return new Set();
  const routes = [...(await readRoutes("-4")), ...(await readRoutes("-6"))];
  return new Set(ranges.filter((range) => findClash(routes, [range], device) !== undefined));
}
