// Reads what a host is and what is installed there, in one round trip.
import { z } from "zod";
import { TunnelMeshError } from "../../../protocol/errors/error.ts";
import type { HostConnection } from "../ssh/connection.ts";
import { factsScript, neededTools } from "./facts-script.ts";
import { type HostFamily, hostFamily } from "./family.ts";
import { type InstallRecord, installRecordSchema } from "./record.ts";

export interface ServiceState {
  readonly active: boolean;
  readonly enabled: boolean;
}

/** A route of the host: where to, and through which interface. */
export interface HostRoute {
  /** "10.0.0.0/8" */
  readonly destination: string;
  readonly device: string;
}

/** What a host said about itself; sizes in MB (1024² bytes). */
export interface HostFacts {
  readonly architecture: "x64" | "arm64" | "other";
  /** As uname says it: "x86_64". */
  readonly machine: string;
  /** "debian 12" */
  readonly os: string;
  readonly family: HostFamily;
  /** Undefined: not said. */
  readonly memory: number | undefined;
  readonly selinux: "enforcing" | "permissive" | "off";
  readonly appArmor: boolean;
  /** What keeps a release from being put, or from running, below /opt. */
  readonly optMount: { readonly readOnly: boolean; readonly noExec: boolean };
  /** Undefined: another C library. */
  readonly glibc: string | undefined;
  readonly systemd: boolean;
  readonly tun: boolean;
  readonly freeOpt: number;
  readonly freeVar: number;
  readonly missingTools: readonly string[];
  readonly routes: readonly HostRoute[];
  /** Accounts and folders are there. */
  readonly prepared: boolean;
  /** Complete releases, VERSION-HASH. */
  readonly releases: readonly string[];
  /** VERSION-HASH that `current` leads to. */
  readonly currentRelease: string | undefined;
  /** VERSION-HASH that `previous` leads to; undefined where there is none to go back to. */
  readonly previousRelease: string | undefined;
  /** SHA-256 of files by short name; absent: not there. */
  readonly digests: Readonly<Partial<Record<FactFile, string>>>;
  readonly installed: InstallRecord | undefined;
  /** The record of the release before, as an upgrade kept it. */
  readonly kept: InstallRecord | undefined;
  /** Id of the mesh of this name, whoever installed it. */
  readonly meshId: string | undefined;
  readonly agentInstalled: boolean;
  readonly coordinatorInstalled: boolean;
  readonly hasNetworkSecret: boolean;
  readonly services: { readonly agent: ServiceState; readonly coordinator: ServiceState };
}

export type FactFile = "agent" | "coordinator" | "meshFile" | "secret" | "agentUnit" | "coordinatorUnit";

/** Characters. Routes and four files of at most 1 MiB each in base64, and room. */
const answerLimit = 8 * 1024 * 1024;
const meshIdSchema = z.object({ meshId: z.string() });
const factFiles: readonly FactFile[] = ["agent", "coordinator", "meshFile", "secret", "agentUnit", "coordinatorUnit"];

/** Reads the facts as root. @throws TunnelMeshError TM_SSH_…, TM_INSTALL_FACTS */
export async function readFacts(connection: HostConnection, mesh: string, signal?: AbortSignal): Promise<HostFacts> {
  const options = { root: true, ...(signal === undefined ? {} : { signal }) };
  return parseFacts(await connection.check(factsScript(mesh), options), connection.target);
}

/** Parses the script's lines; pure. @throws TunnelMeshError TM_INSTALL_FACTS */
export function parseFacts(text: string, target: string): HostFacts {
  if (text.length > answerLimit) throw new TunnelMeshError("TM_INSTALL_FACTS", { detail: `${target} said too much` });
  const lines = text.split("\n").flatMap((line): [string, string][] => {
    const at = line.indexOf("=");
    return at < 1 ? [] : [[line.slice(0, at), line.slice(at + 1).trim()]];
  });
  const one = (key: string): string | undefined => lines.find(([name]) => name === key)?.[1] || undefined;
  const all = (key: string): string[] => lines.flatMap(([name, value]) => (name === key ? [value] : []));
  const decoded = (key: string): string => Buffer.from(one(key) ?? "", "base64").toString("utf8");
  if (one("end") !== "yes") throw new TunnelMeshError("TM_INSTALL_FACTS", { detail: target });
  const installed = parseJson(decoded("content.record"), installRecordSchema);
  const digests = Object.fromEntries(
    factFiles.flatMap((file) => (one(`digest.${file}`) ? [[file, one(`digest.${file}`)]] : [])),
  );
  const machine = one("machine") ?? "";
  return {
    architecture: machine === "x86_64" ? "x64" : machine === "aarch64" || machine === "arm64" ? "arm64" : "other",
    machine,
    os: one("os") ?? "",
    family: hostFamily(one("os")?.split(" ")[0] ?? "", one("like") ?? ""),
    memory: memoryMegabytes(one("memory")),
    selinux: one("selinux") === "Enforcing" ? "enforcing" : one("selinux") === "Permissive" ? "permissive" : "off",
    appArmor: one("apparmor") === "Y",
    optMount: parseMount(one("opt.mount")),
    glibc: /^glibc (\d+\.\d+)/.exec(one("glibc") ?? "")?.[1],
    systemd: one("systemd") !== undefined,
    tun: one("tun") === "yes",
    freeOpt: freeMegabytes(one("free.opt"), target),
    freeVar: freeMegabytes(one("free.var"), target),
    missingTools: neededTools.filter((tool) => all("missing").includes(tool)),
    routes: parseRoutes(decoded("routes")),
    prepared: one("prepared") === "yes",
    releases: all("release"),
    currentRelease: one("current")?.split("/").at(-1),
    previousRelease: one("previous")?.split("/").at(-1),
    digests,
    installed,
    kept: parseJson(decoded("content.kept"), installRecordSchema),
    meshId:
      parseJson(decoded("content.agent"), meshIdSchema)?.meshId ??
      parseJson(decoded("content.coordinator"), meshIdSchema)?.meshId ??
      installed?.meshId,
    agentInstalled: digests["agent"] !== undefined,
    coordinatorInstalled: digests["coordinator"] !== undefined,
    hasNetworkSecret: digests["secret"] !== undefined,
    services: { agent: parseService(one("service.agent")), coordinator: parseService(one("service.coordinator")) },
  };
}

function parseService(text = ""): ServiceState {
  const [active, enabled] = text.split(" ");
  return { active: active === "active", enabled: enabled === "enabled" };
}

/** A file that is torn or of another form counts as not there: it is written again. */
function parseJson<T>(text: string, schema: z.ZodType<T>): T | undefined {
  try {
    return schema.safeParse(JSON.parse(text)).data;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Kilobytes as /proc/meminfo has them. */
function memoryMegabytes(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,12}$/.test(text) ? Math.floor(Number(text) / 1024) : undefined;
}

/** "ro,nosuid,noexec" */
function parseMount(text = ""): HostFacts["optMount"] {
  const options = text.split(",");
  return { readOnly: options.includes("ro"), noExec: options.includes("noexec") };
}

/** One line of df -Pk: device, size, used, free, … */
function freeMegabytes(line: string | undefined, target: string): number {
  const free = Number(line?.split(/\s+/)[3]);
  if (!Number.isFinite(free))
    throw new TunnelMeshError("TM_INSTALL_FACTS", { detail: `${target}: df says "${line ?? ""}"` });
  return Math.floor(free / 1024);
}

/** Lines of ip -o route: unicast ones, without the default route. */
function parseRoutes(text: string): HostRoute[] {
  return text.split("\n").flatMap((line): HostRoute[] => {
    const match = /^(?:unicast )?([0-9a-f.:]+(?:\/\d+)?) .*?\bdev (\S+)/.exec(line.trim());
    if (match === null) return [];
    const destination = match[1]!;
    if (destination.includes("/")) return [{ destination, device: match[2]! }];
    return [{ destination: `${destination}/${destination.includes(":") ? 128 : 32}`, device: match[2]! }];
  });
}
