// Carries out and takes back what wire.ts plans, and finds what of it is left.
import { attempt, ip, listNamespaces, run } from "./run.ts";
import type { WireStep } from "./wire.ts";

/** Does the steps in order; throws an `Error` with the program's words at the first that fails. */
export async function wireUp(steps: readonly WireStep[]): Promise<void> {
  for (const step of steps) {
    if (step.kind === "namespace") await run("ip", ["netns", "add", step.name]);
    else if (step.kind === "ip") await ip(step.namespace, step.lines);
    else if (step.kind === "forwarding") await runIn(step.namespace, ["sysctl", "-qw", ...forwarding]);
    else await runIn(step.namespace, ["nft", "-f", "-"], step.rules);
  }
}

const forwarding = ["net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1"];

async function runIn(namespace: string | undefined, words: readonly string[], input?: string): Promise<void> {
  const all = namespace === undefined ? words : ["ip", "netns", "exec", namespace, ...words];
  await run(all[0] ?? "", all.slice(1), input);
}

/** Removes a namespace with every link in it; false when there was none. */
export async function removeNamespace(name: string): Promise<boolean> {
  if (!(await listNamespaces()).includes(name)) return false;
  await run("ip", ["netns", "delete", name]);
  return true;
}

/** Removes an interface, in a namespace or on the machine; false when there was none. */
export async function removeInterface(namespace: string | undefined, name: string): Promise<boolean> {
  const where = namespace === undefined ? [] : ["-n", namespace];
  return (await attempt("ip", [...where, "link", "delete", name])).ok;
}

/** Names of the machine's interfaces. */
export async function listInterfaces(): Promise<string[]> {
  const outcome = await attempt("ip", ["-j", "link", "show"]);
  if (!outcome.ok) return [];
  return (JSON.parse(outcome.stdout || "[]") as { ifname: string }[]).map((link) => link.ifname);
}

/** Destinations of all routes of the machine; those that stand for "everything else" (up to /8) are left out. */
export async function listRoutes(): Promise<string[]> {
  const found: string[] = [];
  for (const family of ["-4", "-6"]) {
    const outcome = await attempt("ip", ["-j", family, "route", "show", "table", "all"]);
    if (!outcome.ok) continue;
    const routes = JSON.parse(outcome.stdout || "[]") as { dst: string }[];
    for (const { dst } of routes) {
      const bits = /^[0-9a-f.:]+(?:\/(\d+))?$/.exec(dst);
      if (bits !== null && Number(bits[1] ?? 128) > 8) found.push(dst);
    }
  }
  return found;
}

/** Names of the machine's nft tables of family inet. */
export async function listTables(): Promise<string[]> {
  const outcome = await attempt("nft", ["list", "tables", "inet"]);
  return outcome.stdout.split("\n").flatMap((line) => /^table inet (\S+)$/.exec(line.trim())?.[1] ?? []);
}

/** Removes an nft table of family inet from the machine; false when there was none. */
export async function removeTable(name: string): Promise<boolean> {
  if (!(await listTables()).includes(name)) return false;
  await run("nft", ["delete", "table", "inet", name]);
  return true;
}
