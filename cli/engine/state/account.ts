// The account at the service, as far as adopting what is there needs it: reads, page by page, nothing else.
import { z } from "zod";
import { TunnelMeshError } from "../../../protocol/errors/error.ts";

export interface Account {
  /** One document; undefined when there is none (404). */
  get<T>(at: string, schema: z.ZodType<T>): Promise<T | undefined>;
  /** All entries of a list, by the name of its root in the answer. Empty when what it belongs to is not there. */
  list<T>(at: string, root: string, entry: z.ZodType<T>): Promise<readonly T[]>;
}

const perPage = 200;
/** 20 000 entries of one kind; an account with more is not searched to its end. */
const pageLimit = 100;
const answerLimit = 16 * 1024 * 1024;
const patience = 30_000;

/**
 * @param environment DIGITALOCEAN_TOKEN or DIGITALOCEAN_ACCESS_TOKEN, DIGITALOCEAN_API_URL; the provider reads the same
 * @throws TunnelMeshError TM_TERRAFORM_TOKEN; from its functions that, and TM_STATE_ACCOUNT
 */
export function openAccount(environment: Readonly<Record<string, string | undefined>>, signal: AbortSignal): Account {
  const token = environment["DIGITALOCEAN_TOKEN"] || environment["DIGITALOCEAN_ACCESS_TOKEN"];
  if (!token) throw new TunnelMeshError("TM_TERRAFORM_TOKEN", { detail: "DIGITALOCEAN_TOKEN is not set" });
  const origin = (environment["DIGITALOCEAN_API_URL"] || "https://api.digitalocean.com").replace(/\/+$/, "");
  const ask = async (at: string): Promise<unknown> => {
    const response = await fetch(`${origin}/v2/${at}`, {
      headers: { authorization: `Bearer ${token}`, accept: "application/json" },
      redirect: "error",
      signal: AbortSignal.any([signal, AbortSignal.timeout(patience)]),
    }).catch((error: unknown) => {
      signal.throwIfAborted();
      const why = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
      throw new TunnelMeshError("TM_STATE_ACCOUNT", { detail: why, cause: error });
    });
    const text = await response.text();
    if (response.status === 404) return undefined;
    if (response.status === 401)
      throw new TunnelMeshError("TM_TERRAFORM_TOKEN", { detail: "the service answered 401" });
    if (!response.ok || text.length > answerLimit) {
      throw new TunnelMeshError("TM_STATE_ACCOUNT", { detail: `${response.status} for /v2/${at}` });
    }
    return JSON.parse(text);
  };
  return {
    async get(at, schema) {
      const document = await ask(at);
      return document === undefined ? undefined : schema.parse(document);
    },
    async list(at, root, entry) {
      const page = z.record(z.string(), z.unknown());
      const entries: z.infer<typeof entry>[] = [];
      for (let number = 1; number <= pageLimit; number += 1) {
        const document = await ask(`${at}${at.includes("?") ? "&" : "?"}page=${number}&per_page=${perPage}`);
        const found = document === undefined ? [] : z.array(entry).parse(page.parse(document)[root] ?? []);
        entries.push(...found);
        if (found.length < perPage) break;
      }
      return entries;
    },
  };
}
