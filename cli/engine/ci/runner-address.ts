// Under which addresses the cloud sees this machine: told, else its own, else what several services on the internet say.
import { createSocket } from "node:dgram";
import { Resolver } from "node:dns/promises";
import { once } from "node:events";
import ipaddr from "ipaddr.js";
import { TunnelMeshError } from "../../../protocol/errors/error.ts";

/** One that tells whoever asks which address the question came from. */
export interface AddressWitness {
  readonly name: string;
  readonly family: 4 | 6;
  ask(signal: AbortSignal): Promise<string>;
}

export interface RunnerAddressOptions {
  /** --runner-address or TM_RUNNER_ADDRESS: addresses or ranges between commas or spaces. */
  readonly given?: string | undefined;
  /** Addresses in the cloud: the way to them shows this machine's own address. */
  readonly targets: readonly string[];
  /** The cloud is on this machine: then its own address counts, whatever it is. */
  readonly onThisMachine: boolean;
  readonly witnesses?: readonly AddressWitness[];
  readonly signal: AbortSignal;
}

/** Whoever opens more than this by hand means something else. Bits. */
const widest = { ipv4: 16, ipv6: 32 } as const;
const patience = 5_000;

/**
 * Addresses and ranges to open for this machine. An address counts that lies on this machine and is public, or that two witnesses
 * of different owners name: one alone could have a firewall opened for itself.
 * @throws TunnelMeshError TM_CI_ADDRESS with what each one said
 */
export async function findRunnerAddresses(options: RunnerAddressOptions): Promise<readonly string[]> {
  const { given, targets, onThisMachine, signal } = options;
  if (given !== undefined && given.trim() !== "") return parseRanges(given);
  const own = (await Promise.all(targets.slice(0, 4).map(sourceToward))).flatMap((address) => address ?? []);
  const seen = [...new Set(own.filter((address) => onThisMachine || isPublic(address)))];
  if (seen.length > 0) return seen;
  const said = await askAll(options.witnesses ?? publicWitnesses, signal);
  const names = Map.groupBy(
    said.filter(({ address }) => address !== undefined && isPublic(address)),
    ({ address }) => address,
  );
  const agreed = [...names].flatMap(([address, by]) => (address !== undefined && by.length >= 2 ? [address] : []));
  if (agreed.length > 0) return agreed;
  const detail = said.map(({ name, address, why }) => `${name}: ${address ?? why}`).join("; ");
  throw new TunnelMeshError("TM_CI_ADDRESS", { detail });
}

/** @throws TunnelMeshError TM_CI_ADDRESS */
function parseRanges(text: string): readonly string[] {
  const ranges = text.split(/[\s,]+/).filter((part) => part !== "");
  return ranges.map((range) => {
    try {
      const [address, bits] = ipaddr.parseCIDR(
        range.includes("/") ? range : `${range}/${range.includes(":") ? 128 : 32}`,
      );
      if (bits < widest[address.kind()]) {
        throw new TunnelMeshError("TM_CI_ADDRESS", { detail: `${range} is too wide for one runner` });
      }
      return range;
    } catch (error) {
      if (error instanceof TunnelMeshError) throw error;
      throw new TunnelMeshError("TM_CI_ADDRESS", {
        detail: `${range} is neither an address nor a range`,
        cause: error,
      });
    }
  });
}

function isPublic(address: string): boolean {
  return ipaddr.isValid(address) && ipaddr.process(address).range() === "unicast";
}

/** The address that packets to `target` would leave with; no packet is sent. Undefined where no way leads there. */
async function sourceToward(target: string): Promise<string | undefined> {
  const socket = createSocket(target.includes(":") ? "udp6" : "udp4");
  try {
    const failed = once(socket, "error").then(([error]) => {
      throw error;
    });
    socket.connect(22, target);
    await Promise.race([once(socket, "connect"), failed]);
    return socket.address().address;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    return undefined;
  } finally {
    socket.close();
  }
}

interface Said {
  readonly name: string;
  readonly address?: string;
  readonly why?: string;
}

function askAll(witnesses: readonly AddressWitness[], signal: AbortSignal): Promise<readonly Said[]> {
  const until = AbortSignal.any([signal, AbortSignal.timeout(patience)]);
  return Promise.all(
    witnesses.map(async ({ name, family, ask }): Promise<Said> => {
      try {
        const address = (await ask(until)).trim();
        if (!ipaddr.isValid(address) || address.includes(":") !== (family === 6)) return { name, why: "no address" };
        return { name, address: ipaddr.parse(address).toString() };
      } catch (error) {
        signal.throwIfAborted();
        const { message, cause } = error as Error;
        return { name, why: cause instanceof Error ? cause.message : message };
      }
    }),
  );
}

function overHttps(name: string, family: 4 | 6, url: string): AddressWitness {
  return {
    name: `${name} (IPv${family})`,
    family,
    async ask(signal) {
      const response = await fetch(url, { signal, redirect: "error" });
      if (!response.ok) throw new Error(`status ${response.status}`);
      const { value } = (await response.body?.getReader().read()) ?? {};
      return Buffer.from(value ?? [])
        .toString("latin1")
        .slice(0, 64);
    },
  };
}

/** Google's name servers answer this name with the address of whoever asks them. */
function overDns(family: 4 | 6, server: string): AddressWitness {
  return {
    name: `Google's DNS (IPv${family})`,
    family,
    async ask(signal) {
      const resolver = new Resolver({ timeout: 2_000, tries: 2 });
      resolver.setServers([server]);
      const stop = () => resolver.cancel();
      signal.addEventListener("abort", stop, { once: true });
      try {
        return (await resolver.resolveTxt("o-o.myaddr.l.google.com"))[0]?.[0] ?? "";
      } finally {
        signal.removeEventListener("abort", stop);
      }
    },
  };
}

/** Three owners and two protocols for each family: that one is down or lies decides nothing. */
export const publicWitnesses: readonly AddressWitness[] = [
  overHttps("ipify", 4, "https://api4.ipify.org"),
  overHttps("icanhazip", 4, "https://ipv4.icanhazip.com"),
  overHttps("Amazon", 4, "https://checkip.amazonaws.com"),
  overDns(4, "216.239.32.10"),
  overHttps("ipify", 6, "https://api6.ipify.org"),
  overHttps("icanhazip", 6, "https://ipv6.icanhazip.com"),
  overDns(6, "[2001:4860:4802:32::a]"),
];
