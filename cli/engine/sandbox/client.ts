// Asks the sandbox's API as any other program does.
import { z } from "zod";
import { TunnelMeshError } from "../../../protocol/errors/error.ts";
import type { SandboxServer } from "./place.ts";

const askTimeout = 20_000;
const refusalSchema = z.object({ message: z.string().max(4_096) });

/** @throws TunnelMeshError TM_SANDBOX_REFUSED with the sandbox's own words; TypeError when nothing answers */
export async function askSandbox<T>(
  { url, token }: SandboxServer,
  response: z.ZodType<T>,
  method: string,
  at: string,
  body?: object,
): Promise<T> {
  const answer = await fetch(url + at, {
    method,
    headers: { authorization: `Bearer ${token}` },
    signal: AbortSignal.timeout(askTimeout),
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  const json: unknown = text === "" ? undefined : JSON.parse(text);
  if (answer.ok) return response.parse(json);
  const said = refusalSchema.safeParse(json);
  throw new TunnelMeshError("TM_SANDBOX_REFUSED", {
    detail: `${method} ${at}: ${answer.status} ${said.success ? said.data.message : ""}`,
  });
}

/** All of a list that fits into one page of two hundred. */
export async function listOf<T>(server: SandboxServer, one: z.ZodType<T>, at: string, root: string): Promise<T[]> {
  const page = z.record(z.string(), z.unknown());
  const found = await askSandbox(server, page, "GET", `/v2/${at}?per_page=200`);
  return z.array(one).parse(found[root]);
}
