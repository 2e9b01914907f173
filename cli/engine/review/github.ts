// The few calls of GitHub's REST API that a sticky comment needs: pages, retries, limits, and refusals in plain words.
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import type { ErrorCode } from "../../../protocol/errors/catalogue.ts";
import { TunnelMeshError } from "../../../protocol/errors/error.ts";
import { readLimited } from "../http/limited-text.ts";

export interface GitHubOptions {
  /** "https://api.github.com", without a slash at its end. */
  readonly api: string;
  readonly token: string;
  readonly signal: AbortSignal;
  /** Longest wait for a limit to end, all together; milliseconds. */
  readonly patience?: number;
}

export interface GitHubAnswer {
  readonly body: unknown;
  /** Where the next page is; undefined on the last. */
  readonly next: string | undefined;
}

const attempts = 4;
/** Bytes of one answer: a page of a hundred comments of the largest size is 26 MB. */
const largest = 32 * 1024 * 1024;
const refusal = z.object({
  message: z.string().default(""),
  errors: z
    .array(z.union([z.string(), z.object({ message: z.string().optional(), code: z.string().optional() })]))
    .optional(),
});

/**
 * One request, again after failures of the server (three times) and after limits that end soon.
 * @param address a path like "/repos/…", or the address of a next page
 * @throws TunnelMeshError TM_COMMENT_TOKEN, _FORBIDDEN, _NOT_FOUND, _REFUSED, _RATE_LIMIT, _UNREACHABLE
 */
export async function askGitHub(
  options: GitHubOptions,
  method: "GET" | "POST" | "PATCH" | "DELETE",
  address: string,
  body?: unknown,
): Promise<GitHubAnswer> {
  const url = address.startsWith("/") ? `${options.api}${address}` : address;
  let patience = options.patience ?? 60_000;
  for (let attempt = 1; ; attempt++) {
    const answer = await send(options, method, url, body).catch((error: unknown) => {
      options.signal.throwIfAborted();
      return error as Error;
    });
    if (answer instanceof Error) {
      // A comment that was perhaps made is not made twice.
      if (attempt >= attempts || method === "POST") throw unreachable(url, answer.message, answer);
      await sleep(250 * 2 ** attempt, undefined, { signal: options.signal });
      continue;
    }
    const { response, text } = answer;
    if (response.ok) return { body: text === "" ? undefined : parse(url, text), next: nextPage(options, response) };
    const wait = waitOf(response);
    if (wait !== undefined) {
      if (attempt >= attempts || wait > patience) throw refused("TM_COMMENT_RATE_LIMIT", url, text);
      patience -= wait;
      await sleep(wait, undefined, { signal: options.signal });
    } else if (response.status >= 500 && attempt < attempts && method !== "POST") {
      await sleep(250 * 2 ** attempt, undefined, { signal: options.signal });
    } else {
      throw refused(codes[response.status] ?? "TM_COMMENT_UNREACHABLE", url, text, response.status);
    }
  }
}

const codes: Readonly<Record<number, ErrorCode>> = {
  401: "TM_COMMENT_TOKEN",
  403: "TM_COMMENT_FORBIDDEN",
  404: "TM_COMMENT_NOT_FOUND",
  410: "TM_COMMENT_NOT_FOUND",
  422: "TM_COMMENT_REFUSED",
};

async function send({ token, signal }: GitHubOptions, method: string, url: string, body: unknown) {
  const response = await fetch(url, {
    method,
    redirect: "error",
    headers: {
      accept: "application/vnd.github+json",
      authorization: `Bearer ${token}`,
      "user-agent": "tunnelmesh",
      "x-github-api-version": "2022-11-28",
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.any([signal, AbortSignal.timeout(30_000)]),
  });
  return { response, text: await readLimited(response, largest) };
}

/** Milliseconds until a limit ends, the first (x-ratelimit-…) as well as the second (retry-after); undefined: there is none. */
function waitOf({ status, headers }: Response): number | undefined {
  if (status !== 403 && status !== 429) return undefined;
  const after = Number(headers.get("retry-after") ?? Number.NaN);
  if (Number.isFinite(after)) return Math.max(0, after) * 1000;
  if (headers.get("x-ratelimit-remaining") === "0") {
    const reset = Number(headers.get("x-ratelimit-reset")) * 1000;
    return Number.isFinite(reset) ? Math.max(0, reset - Date.now()) + 1000 : 60_000;
  }
  return status === 429 ? 60_000 : undefined;
}

/** The token goes to no other place than the API, whatever a header says. */
function nextPage({ api }: GitHubOptions, response: Response): string | undefined {
  const [, next] = /<([^>]+)>;\s*rel="next"/.exec(response.headers.get("link") ?? "") ?? [];
  if (next === undefined) return undefined;
  if (URL.parse(next)?.origin === new URL(api).origin) return next;
  throw unreachable(api, "the next page is said to be elsewhere");
}

function parse(url: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw unreachable(url, "the answer is no JSON", error);
  }
}

function refused(code: ErrorCode, url: string, text: string, status?: number): TunnelMeshError {
  let said = "";
  try {
    const { message, errors = [] } = refusal.parse(JSON.parse(text));
    const more = errors.map((error) => (typeof error === "string" ? error : (error.message ?? error.code ?? "")));
    said = [message, ...more].filter((part) => part !== "").join("; ");
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof z.ZodError)) throw error;
  }
  const answer = [status, said.slice(0, 500)].filter((part) => part !== undefined && part !== "").join(" ");
  return new TunnelMeshError(code, { detail: `${new URL(url).pathname}: ${answer}` });
}

function unreachable(url: string, said: string, cause?: unknown): TunnelMeshError {
  return new TunnelMeshError("TM_COMMENT_UNREACHABLE", { detail: `${new URL(url).origin}: ${said}`, cause });
}
