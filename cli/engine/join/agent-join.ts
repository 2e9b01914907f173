// The agent's own part of joining: it speaks to the coordinator and signs; it gets the token on stdin and answers in JSON.
import { z } from "zod";
import { type ErrorCode, errorCatalogue } from "../../../protocol/errors/catalogue.ts";
import { TunnelMeshError } from "../../../protocol/errors/error.ts";
import type { HostConnection, RunResult } from "../ssh/connection.ts";
import { quote } from "../ssh/quote.ts";

const label = z.string().regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/);
const digest = z.string().regex(/^[0-9a-f]{64}$/);

const describedSchema = z.object({
  v: z.literal(1),
  mesh: label,
  meshId: digest,
  domain: z.string().max(253),
  range: z.string().max(64),
  tid: z.string().max(64),
  groups: z.array(z.string()),
  ephemeral: z.boolean(),
  expires: z.int(),
  usesLeft: z.int(),
});
/** What the token leads to, as its coordinator proved: the log's hash is the mesh id in the token. */
export type DescribedMesh = z.infer<typeof describedSchema>;

const joinedSchema = z.object({
  v: z.literal(1),
  nid: digest,
  name: z.string().max(63),
  ip4: z.ipv4().optional(),
  ip6: z.ipv6(),
  groups: z.array(z.string()),
  expires: z.int(),
  meshId: digest,
  already: z.boolean(),
});
export type JoinedNode = z.infer<typeof joinedSchema>;

export interface AgentProgram {
  readonly node: string;
  readonly agent: string;
}

/** Longer than the agent tries all addresses of a token. */
const timeout = 120_000;

/**
 * Asks the coordinator about the token; changes nothing anywhere.
 * @param identity private key file of this machine: one that has joined already is welcome with a token that is used up
 * @throws TunnelMeshError TM_JOIN_…
 */
export async function describeToken(
  connection: HostConnection,
  program: AgentProgram,
  { token, identity }: { readonly token: string; readonly identity: string | undefined },
  signal: AbortSignal,
): Promise<DescribedMesh> {
  const own = identity === undefined ? "" : ` --identity ${quote(identity)}`;
  const command = `exec ${quote(program.node)} ${quote(program.agent)} join --describe${own}`;
  return parseReply(
    await connection.run(command, { root: true, stdin: `${token}\n`, timeout, signal }),
    describedSchema,
  );
}

/** Joins: keys, membership and network secret are on the disk when this returns. @throws TunnelMeshError TM_JOIN_…, TM_AGENT_… */
export async function joinByToken(
  connection: HostConnection,
  program: AgentProgram,
  join: { readonly mesh: string; readonly name: string | undefined; readonly token: string },
  signal: AbortSignal,
): Promise<JoinedNode> {
  const name = join.name === undefined ? "" : ` --name ${quote(join.name)}`;
  const command = `exec ${quote(program.node)} ${quote(program.agent)} join --mesh ${quote(join.mesh)}${name}`;
  const options = { root: true, stdin: `${join.token}\n`, timeout, signal };
  return parseReply(await connection.run(command, options), joinedSchema);
}

/** One JSON line, or "TM_CODE: message" and advice lines on stderr. @throws TunnelMeshError of that code, TM_INSTALL_REPLY */
export function parseReply<T>({ code, stdout, stderr }: RunResult, schema: z.ZodType<T>): T {
  if (code !== 0) throw parseFailure(stderr);
  try {
    const parsed = schema.safeParse(JSON.parse(stdout));
    if (parsed.success) return parsed.data;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new TunnelMeshError("TM_INSTALL_REPLY", { detail: "this machine, join" });
}

function parseFailure(stderr: string): TunnelMeshError {
  const lines = stderr.trim().split("\n");
  const start = lines.findIndex((line) => /^TM_[A-Z0-9_]+: /.test(line));
  const [, name = "", message = ""] = /^(TM_[A-Z0-9_]+): (.*)$/.exec(lines[start] ?? "") ?? [];
  if (!isCode(name)) {
    return new TunnelMeshError("TM_SSH_COMMAND_FAILED", { detail: `the agent: ${stderr.trim().slice(-1000)}` });
  }
  const { title } = errorCatalogue[name];
  const rest = lines.slice(start + 1).filter((line) => line.trim() !== "");
  const because = rest.filter((line) => line.startsWith("because: "));
  const advice = rest.filter((line) => !line.startsWith("because: "));
  const detail = [message.startsWith(`${title}: `) ? message.slice(title.length + 2) : "", ...because]
    .filter((line) => line !== "")
    .join("\n");
  return new TunnelMeshError(name, {
    ...(detail === "" ? {} : { detail }),
    ...(advice.length === 0 ? {} : { advice }),
  });
}

function isCode(name: string): name is ErrorCode {
  return Object.hasOwn(errorCatalogue, name);
}
