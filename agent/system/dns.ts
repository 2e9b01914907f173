// Makes the host ask the mesh's resolver for names of the mesh: through systemd-resolved where it rules, else in resolv.conf.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { readIfThere } from "../map/durable.ts";
import { installResolver, type ResolverFile, restoreResolver } from "./dns-file.ts";
import { usesResolved } from "./dns-text.ts";
import type { Log } from "./log.ts";

const run = promisify(execFile);
/** DHCP clients rewrite resolv.conf when they like: it is looked at this often. */
const lookInterval = 10_000;

export interface HostDnsOptions extends ResolverFile {
  readonly interface: string;
  readonly domain: string;
  readonly log: Log;
}

export interface HostDns {
  /** Servers that the host had, asked for everything else. */
  readonly servers: readonly string[];
  /** Leaves the host's DNS as it was. */
  remove(): Promise<void>;
}

/** @param servers addresses of our resolver, the preferred one first @throws Error when the host cannot be told */
export async function wireHostDns(options: HostDnsOptions, servers: readonly [string, ...string[]]): Promise<HostDns> {
  const text = (await readIfThere(options.file, 1024 * 1024)) ?? "";
  if (usesResolved(text)) return await wireResolved(options, servers);
  let hosts = await installResolver(options, servers[0]);
  const look = setInterval(async () => {
    try {
      hosts = await installResolver(options, servers[0]);
    } catch (error) {
      options.log("warn", "resolv.conf could not be kept", { cause: String(error) });
    }
  }, lookInterval);
  return {
    get servers() {
      return hosts;
    },
    remove: async () => {
      clearInterval(look);
      await restoreResolver(options);
    },
  };
}

/** Servers of an interface go with it, so a crash leaves nothing behind. */
async function wireResolved(
  { interface: link, domain, log }: HostDnsOptions,
  servers: readonly string[],
): Promise<HostDns> {
  await run("resolvectl", ["dns", link, ...servers], { timeout: 5000 });
  await run("resolvectl", ["domain", link, `~${domain}`], { timeout: 5000 });
  for (const setting of ["default-route", "dnssec"]) {
    await run("resolvectl", [setting, link, "no"], { timeout: 5000 }).catch((error: unknown) =>
      log("debug", "systemd-resolved keeps a setting", { setting, cause: String(error) }),
    );
  }
  return {
    servers: [],
    remove: async () => {
      await run("resolvectl", ["revert", link], { timeout: 5000 }).catch((error: unknown) =>
        log("debug", "systemd-resolved has forgotten the interface", { cause: String(error) }),
      );
    },
  };
}
