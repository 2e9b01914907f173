// The few calls of DigitalOcean's API that a deploy makes itself: firewalls, which come and go outside Terraform (life.md §7).
import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import { TunnelMeshError } from "../../../protocol/errors/error.ts";
import { readLimited } from "../http/limited-text.ts";

const firewallSchema = z.object({
  id: z.string().min(1).max(64),
  name: z.string().max(255),
  status: z.string(),
  created_at: z.string(),
  tags: z.array(z.string()).nullish(),
});
/** What of a firewall matters here. */
export type CloudFirewall = z.output<typeof firewallSchema>;

const pageSchema = z.object({
  firewalls: z.array(firewallSchema).nullable(),
  links: z.object({ pages: z.object({ next: z.string().optional() }).optional() }).nullish(),
});
const dropletsSchema = z.object({
  droplets: z.array(
    z.object({ networks: z.object({ v4: z.array(z.object({ ip_address: z.string(), type: z.string() })) }) }),
  ),
});

export interface FirewallApi {
  /** True where nothing but this machine is asked: a cloud made here, such as the sandbox. */
  readonly onThisMachine: boolean;
  hasTag(tag: string): Promise<boolean>;
  list(): Promise<readonly CloudFirewall[]>;
  /** Opens TCP 22 of whatever bears `tag` to `addresses`. */
  openSsh(firewall: {
    readonly name: string;
    readonly tag: string;
    readonly addresses: readonly string[];
  }): Promise<CloudFirewall>;
  get(id: string): Promise<CloudFirewall>;
  /** One that is gone already is fine. */
  remove(id: string): Promise<void>;
  /** Public IPv4 addresses of the droplets that bear `tag`. */
  dropletAddresses(tag: string): Promise<readonly string[]>;
}

export interface FirewallApiOptions {
  readonly token: string;
  /** Origin: "https://api.digitalocean.com". */
  readonly url: string;
  /** Milliseconds before the first repetition; doubled each time. */
  readonly retryDelay?: number;
}

const service = "https://api.digitalocean.com";
const requestTimeout = 15_000;
const answerLimit = 8 * 1024 * 1024;
const tries = 4;
const pageSize = 200;
/** An account has a few hundred firewalls at most; whoever says otherwise is not the service. */
const mostPages = 50;
const longestPause = 30;

/** Token and address as the provider takes them from the environment. @throws TunnelMeshError TM_TERRAFORM_TOKEN */
export function firewallApiOptions(environment: Readonly<Record<string, string | undefined>>): FirewallApiOptions {
  const token = environment["DIGITALOCEAN_TOKEN"] || environment["DIGITALOCEAN_ACCESS_TOKEN"];
  if (!token) throw new TunnelMeshError("TM_TERRAFORM_TOKEN", { detail: "DIGITALOCEAN_TOKEN is not set" });
  return { token, url: new URL(environment["DIGITALOCEAN_API_URL"] || service).origin };
}

/**
 * A client. Requests that the service was too busy for are repeated; none is cut off by an interrupt, as a firewall that was made
 * and whose answer nobody read would stay.
 */
export function createFirewallApi({ token, url, retryDelay = 500 }: FirewallApiOptions): FirewallApi {
  const ask = async (method: string, path: string, body?: unknown): Promise<{ status: number; body: unknown }> => {
    for (let attempt = 1; ; attempt += 1) {
      const answer = await send(method, url + path, token, body);
      const busy = answer.status === 429 || (answer.status >= 500 && answer.status !== 501);
      // What was sent twice would be made twice.
      const again = busy && (method !== "POST" || answer.status === 429) && attempt < tries;
      if (!again) return answer;
      await delay(answer.pause ?? retryDelay * 2 ** (attempt - 1));
    }
  };
  const need = async <T extends z.ZodType>(
    schema: T,
    method: string,
    path: string,
    body?: unknown,
  ): Promise<z.output<T>> => {
    const answer = await ask(method, path, body);
    if (answer.status >= 300) throw refusal(method, path, answer);
    const parsed = schema.safeParse(answer.body);
    if (!parsed.success) throw failure(`${method} ${path}: the answer is not what the service's reference says`);
    return parsed.data;
  };
  const one = z.object({ firewall: firewallSchema });
  return {
    onThisMachine: ["127.0.0.1", "[::1]", "localhost"].includes(new URL(url).hostname),
    async hasTag(tag) {
      const path = `/v2/tags/${encodeURIComponent(tag)}`;
      const answer = await ask("GET", path);
      if (answer.status === 404) return false;
      if (answer.status >= 300) throw refusal("GET", path, answer);
      return true;
    },
    async list() {
      const all: CloudFirewall[] = [];
      for (let page = 1; page <= mostPages; page += 1) {
        const answer = await need(pageSchema, "GET", `/v2/firewalls?page=${page}&per_page=${pageSize}`);
        all.push(...(answer.firewalls ?? []));
        if (answer.links?.pages?.next === undefined) return all;
      }
      throw failure(`GET /v2/firewalls: more than ${mostPages} pages`);
    },
    async openSsh({ name, tag, addresses }) {
      const rule = { protocol: "tcp", ports: "22", sources: { addresses: [...addresses] } };
      const body = { name, inbound_rules: [rule], outbound_rules: [], droplet_ids: [], tags: [tag] };
      return (await need(one, "POST", "/v2/firewalls", body)).firewall;
    },
    async get(id) {
      return (await need(one, "GET", `/v2/firewalls/${id}`)).firewall;
    },
    async remove(id) {
      const answer = await ask("DELETE", `/v2/firewalls/${id}`);
      if (answer.status >= 300 && answer.status !== 404) throw refusal("DELETE", `/v2/firewalls/${id}`, answer);
    },
    async dropletAddresses(tag) {
      const path = `/v2/droplets?tag_name=${encodeURIComponent(tag)}&page=1&per_page=${pageSize}`;
      const { droplets } = await need(dropletsSchema, "GET", path);
      return droplets.flatMap(({ networks }) =>
        networks.v4.flatMap(({ type, ip_address }) => (type === "public" ? [ip_address] : [])),
      );
    },
  };
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
  /** Milliseconds that the service asks for. */
  readonly pause?: number;
}

async function send(method: string, url: string, token: string, body: unknown): Promise<Answer> {
  try {
    const response = await fetch(url, {
      method,
      redirect: "error",
      headers: {
        authorization: `Bearer ${token}`,
        accept: "application/json",
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(requestTimeout),
    });
    const text = await readLimited(response, answerLimit);
    const seconds = Number(response.headers.get("retry-after"));
    return {
      status: response.status,
      body: text === "" ? undefined : JSON.parse(text),
      ...(seconds > 0 ? { pause: Math.min(seconds, longestPause) * 1000 } : {}),
    };
  } catch (error) {
    // fetch says TypeError for whatever keeps it from an answer, with the reason as its cause.
    const reason = error instanceof TypeError && error.cause instanceof Error ? error.cause : (error as Error);
    throw failure(`${method} ${new URL(url).pathname}: ${reason.message}`, error);
  }
}

function refusal(method: string, path: string, { status, body }: Answer): TunnelMeshError {
  const said = z.object({ message: z.string() }).safeParse(body);
  const message = said.success ? said.data.message.slice(0, 300) : "";
  const detail = `${method} ${path.split("?")[0]}: ${status} ${message}`.trim();
  return status === 401 ? new TunnelMeshError("TM_TERRAFORM_TOKEN", { detail }) : failure(detail);
}

function failure(detail: string, cause?: unknown): TunnelMeshError {
  return new TunnelMeshError("TM_CI_FIREWALL", { detail, ...(cause === undefined ? {} : { cause }) });
}
