// The fake API's HTTP side: token, limits, schemas, errors and headers as the service has them.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { Cloud } from "../cloud.ts";
import { isOwnHost, pageHeaders, pagePart } from "../page/page.ts";
import type { FaultRecord } from "../state.ts";
import { dropletLimitText } from "./droplets.ts";
import { spendRequestFault } from "./faults.ts";
import { type Answer, ApiRefusal, notFound, unprocessable } from "./route.ts";
import { matchRoute } from "./routes.ts";

const bodyLimit = 1024 * 1024;
const drainLimit = 16 * bodyLimit;
/** Requests per hour that the headers speak of. */
const hourlyLimit = 5000;

export interface ApiServerOptions {
  readonly cloud: Cloud;
  /** The one token that is taken. */
  readonly token: string;
  readonly log: (line: string) => void;
  /** Unix milliseconds. */
  readonly now: () => number;
}

/** Not listening yet. */
export function createApiServer(options: ApiServerOptions): Server {
  let remaining = hourlyLimit;
  return createServer((request, response) => {
    if (sendPage(options, request, response)) return;
    remaining = remaining <= 1 ? hourlyLimit : remaining - 1;
    answer(options, request)
      .catch((error: unknown) => refusalOf(error, options))
      .then((given) => {
        options.log(`${request.method} ${request.url} ${given.status}`);
        send(response, given, remaining, options.now());
      })
      .catch((error: unknown) => {
        options.log(`${request.method} ${request.url} could not be answered: ${String(error)}`);
        response.destroy();
      });
  });
}

/** The page asks for no token: it shows names and addresses to whoever is on this machine, and changes nothing. */
function sendPage({ cloud, log }: ApiServerOptions, request: IncomingMessage, response: ServerResponse): boolean {
  const part = request.method === "GET" ? pagePart(request.url ?? "", cloud.state) : undefined;
  if (part === undefined) return false;
  if (!isOwnHost(request.headers.host)) {
    log(`GET ${request.url} refused: it was meant for ${JSON.stringify(request.headers.host)}`);
    response.writeHead(421, { "content-type": "text/plain" }).end("This is not the host that you asked for.\n");
    return true;
  }
  response.writeHead(200, { ...pageHeaders, "content-type": `${part.type}; charset=utf-8` }).end(part.text);
  return true;
}

interface Given extends Answer {
  readonly headers?: Readonly<Record<string, string>>;
}

async function answer({ cloud, token }: ApiServerOptions, request: IncomingMessage): Promise<Given> {
  const method = request.method ?? "";
  const url = new URL(request.url ?? "/", "http://sandbox");
  const text = await readBody(request);
  if (request.headers.authorization !== `Bearer ${token}`) {
    throw new ApiRefusal(401, "Unauthorized", "Unable to authenticate you");
  }
  const faulty = await meetFault(cloud, method, url.pathname);
  if (faulty !== undefined) return faulty;
  const matched = matchRoute(method, decodeURI(url.pathname));
  if (matched === undefined) throw notFound();
  if (matched === "method") throw new ApiRefusal(405, "method_not_allowed", "This method is not allowed here.");
  const { route, params } = matched;
  const body = route.request === undefined ? undefined : parseBody(route.request, text);
  const decoded = Object.fromEntries(Object.entries(params).map(([name, value]) => [name, decodeURIComponent(value)]));
  const given = await cloud.handle((call) =>
    route.answer({ ...call, params: decoded, query: url.searchParams }, body as never),
  );
  // An answer that the real one would not give is this fake's own fault, and said so.
  route.response.parse(given.body);
  return given;
}

function parseBody(
  schema: NonNullable<ReturnType<typeof matchRoute> & object>["route"]["request"] & object,
  text: string,
): unknown {
  let json: unknown;
  try {
    json = JSON.parse(text === "" ? "{}" : text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new ApiRefusal(400, "bad_request", "The request body is not valid JSON.");
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw unprocessable(
    `${issue?.path.join(".") ?? ""}${issue?.path.length ? ": " : ""}${issue?.message ?? "is not valid"}`,
  );
}

/** Spends the fault that this request meets. */
async function meetFault(cloud: Cloud, method: string, path: string): Promise<Given | undefined> {
  // The sandbox's own routes meet none, or nobody could take a fault out again.
  if (cloud.state.faults.length === 0 || !path.startsWith("/v2/")) return undefined;
  let met: FaultRecord | undefined;
  await cloud.change((draft) => {
    met = spendRequestFault(draft, `${method} ${path}`);
  });
  switch (met?.kind) {
    case "refuse":
      throw unprocessable(met.message ?? dropletLimitText);
    case "fail":
      throw new ApiRefusal(500, "server_error", met.message ?? "Unexpected server-side error");
    case "throttle":
      return {
        status: 429,
        headers: { "retry-after": String(met.value) },
        body: { id: "too_many_requests", message: met.message ?? "API Rate limit exceeded." },
      };
    case "slow":
      await sleep(met.value);
      return undefined;
    default:
      return undefined;
  }
}

function refusalOf(error: unknown, { log }: ApiServerOptions): Given {
  if (error instanceof ApiRefusal) return { status: error.status, body: { id: error.id, message: error.message } };
  log(`the sandbox itself failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  return {
    status: 501,
    body: {
      id: "server_error",
      message: `The sandbox failed: ${error instanceof Error ? error.message : String(error)}`,
    },
  };
}

function send(response: ServerResponse, { status, body, headers = {} }: Given, remaining: number, now: number): void {
  const id = `${now.toString(16)}-${remaining}`;
  const text = body === undefined ? "" : JSON.stringify(status >= 400 ? { ...body, request_id: id } : body);
  response.writeHead(status, {
    "content-type": "application/json; charset=utf-8",
    "x-request-id": id,
    "ratelimit-limit": String(hourlyLimit),
    "ratelimit-remaining": String(remaining),
    "ratelimit-reset": String(Math.ceil(now / 1000) + 3600),
    ...headers,
  });
  response.end(text);
}

/** A body that is too long is read to its end and thrown away, so that the answer arrives; one far too long ends the connection. */
async function readBody(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    size += part.length;
    if (size <= bodyLimit) parts.push(part);
    if (size > drainLimit) throw new ApiRefusal(413, "payload_too_large", "The request body is too large.");
  }
  if (size > bodyLimit) throw new ApiRefusal(413, "payload_too_large", "The request body is too large.");
  return Buffer.concat(parts).toString("utf8");
}
