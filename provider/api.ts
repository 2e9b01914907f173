// Calls of the DigitalOcean API as the provider makes them: environment, retries, error texts.
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";

/** JSON of a response. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };
export type JsonObject = { readonly [name: string]: Json };

export interface ApiSettings {
  /** Origin, without a path. */
  readonly url: string;
  readonly token: string;
  readonly retryMax: number;
  /** Milliseconds before the first retry; doubled each time. */
  readonly retryWaitMin: number;
  readonly retryWaitMax: number;
  /** Milliseconds before a state is looked at first, and between looks. */
  readonly pollDelay: number;
  readonly terraform: string;
}

/** The service refused: what godo's error says. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: number;

  constructor(method: string, url: string, status: number, body: string) {
    const { message, request_id: id } = errorBody(body);
    super(`${method} ${url}: ${status} ${id === undefined ? "" : `(request ${JSON.stringify(id)}) `}${message}`);
    this.status = status;
  }
}

const errorSchema = z.object({ message: z.string().max(4096), request_id: z.string().max(256).optional() });

function errorBody(body: string): z.infer<typeof errorSchema> {
  try {
    const parsed = errorSchema.safeParse(JSON.parse(body));
    if (parsed.success) return parsed.data;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  return { message: body.slice(0, 200) };
}

/** Environment names are those of the real provider; TM_PROVIDER_POLL_DELAY (milliseconds) shortens waits that it has fixed. */
export function settingsFrom(
  environment: Readonly<Record<string, string | undefined>>,
  configured: Readonly<Record<string, unknown>>,
  terraform: string,
): ApiSettings {
  const number = (name: string, attribute: string, fallback: number): number => {
    const given = configured[attribute] ?? environment[name];
    const value = given === undefined ? Number.NaN : Number(given);
    return Number.isFinite(value) && value >= 0 ? value : fallback;
  };
  const text = (attribute: string, ...names: string[]): string | undefined => {
    const given = configured[attribute];
    return typeof given === "string" && given !== "" ? given : names.map((name) => environment[name]).find(Boolean);
  };
  return {
    url: text("api_endpoint", "DIGITALOCEAN_API_URL") ?? "https://api.digitalocean.com",
    token: text("token", "DIGITALOCEAN_TOKEN", "DIGITALOCEAN_ACCESS_TOKEN") ?? "",
    retryMax: number("DIGITALOCEAN_HTTP_RETRY_MAX", "http_retry_max", 4),
    retryWaitMin: 1000 * number("DIGITALOCEAN_HTTP_RETRY_WAIT_MIN", "http_retry_wait_min", 1),
    retryWaitMax: 1000 * number("DIGITALOCEAN_HTTP_RETRY_WAIT_MAX", "http_retry_wait_max", 30),
    pollDelay: number("TM_PROVIDER_POLL_DELAY", "", 500),
    terraform,
  };
}

export class Api {
  readonly #settings: ApiSettings;
  readonly #signal: AbortSignal;

  /** `signal` ends waits; a call that is under way is ended by its answer, or what it makes would be nobody's. */
  constructor(settings: ApiSettings, signal: AbortSignal) {
    this.#settings = settings;
    this.#signal = signal;
  }

  get(path: string): Promise<JsonObject> {
    return this.#call("GET", path);
  }

  post(path: string, body: object): Promise<JsonObject> {
    return this.#call("POST", path, body);
  }

  put(path: string, body: object): Promise<JsonObject> {
    return this.#call("PUT", path, body);
  }

  delete(path: string, body?: object): Promise<JsonObject> {
    return this.#call("DELETE", path, body);
  }

  /** Undefined when it is not there. */
  async find(path: string): Promise<JsonObject | undefined> {
    try {
      return await this.get(path);
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return undefined;
      throw error;
    }
  }

  /** All of a paged list, two hundred a page. */
  async list(path: string, root: string): Promise<readonly JsonObject[]> {
    const found: JsonObject[] = [];
    for (let page = 1; page <= 1000; page += 1) {
      const answer = await this.get(`${path}?page=${page}&per_page=200`);
      found.push(...((answer[root] ?? []) as readonly JsonObject[]));
      const pages = (answer["links"] as JsonObject | null)?.["pages"] as JsonObject | undefined;
      if (pages?.["next"] === undefined) return found;
    }
    throw new Error(`${path} has more than 1000 pages`);
  }

  /**
   * Looks after a delay, then again and again, until `look` gives something.
   * @param last the state that was seen last, for who has to be told that it came no further
   * @throws Error after `tries` looks
   */
  async waitFor<T>(
    what: string,
    look: () => Promise<T | undefined>,
    { tries = 600, last }: { readonly tries?: number; readonly last?: () => string } = {},
  ): Promise<T> {
    for (let count = 0; count < tries; count += 1) {
      await sleep(this.#settings.pollDelay, undefined, { signal: this.#signal });
      const found = await look();
      if (found !== undefined) return found;
    }
    throw new Error(`timeout while waiting for ${what}${last === undefined ? "" : ` (last state: ${last()})`}`);
  }

  /** Waits for an action of a droplet or a volume. @throws Error when it ends in an error */
  async waitForAction(answer: JsonObject, path = "/v2/actions"): Promise<void> {
    const { id } = answer["action"] as JsonObject;
    await this.waitFor(`action ${String(id)}`, async () => {
      const action = (await this.get(`${path}/${String(id)}`))["action"] as JsonObject;
      if (action["status"] === "errored")
        throw new Error(`Error waiting for action (${String(id)}) to finish: ${String(action["type"])} errored`);
      return action["completed_at"] === null || action["completed_at"] === undefined ? undefined : true;
    });
  }

  async #call(method: string, path: string, body?: object): Promise<JsonObject> {
    const { url, token, retryMax, retryWaitMin, retryWaitMax, terraform } = this.#settings;
    const target = new URL(path, url).href;
    for (let attempt = 0; ; attempt += 1) {
      const retry = attempt < retryMax;
      const wait = Math.min(retryWaitMin * 2 ** attempt, retryWaitMax);
      try {
        const response = await fetch(target, {
          method,
          headers: {
            authorization: `Bearer ${token}`,
            accept: "application/json",
            "user-agent": `Terraform/${terraform} (tunnelmesh stand-in provider)`,
            ...(body === undefined ? {} : { "content-type": "application/json" }),
          },
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        });
        const text = await response.text();
        if (response.ok) return response.status === 204 || text === "" ? {} : (JSON.parse(text) as JsonObject);
        const again = response.status === 429 || (response.status >= 500 && response.status !== 501);
        if (!retry || !again) throw new ApiError(method, target, response.status, text);
        const after = Number(response.headers.get("retry-after"));
        await sleep(after > 0 ? after * 1000 : wait, undefined, { signal: this.#signal });
      } catch (error) {
        // fetch says TypeError for whatever keeps it from an answer.
        if (!(error instanceof TypeError) || !retry) throw error;
        await sleep(wait, undefined, { signal: this.#signal });
      }
    }
  }
}
