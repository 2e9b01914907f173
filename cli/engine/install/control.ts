// Asks the services of a host over their sockets: one JSON line there, one back (protocol/control).

import type { Duplex } from "node:stream";
import { StringDecoder } from "node:string_decoder";
import type { z } from "zod";
import {
  type AdminRequest,
  coordinatorStatusSchema,
  leaseReplySchema,
  reservationSchema,
  submitReplySchema,
} from "../../../protocol/control/admin.ts";
import {
  type AgentRequest,
  agentReplySchema,
  agentStatusSchema,
  controlLineLimit,
  pingReplySchema,
} from "../../../protocol/control/agent.ts";
import { isTunnelMeshError, TunnelMeshError } from "../../../protocol/errors/error.ts";
import { hostPaths } from "../../../protocol/host/paths.ts";
import type { HostConnection } from "../ssh/connection.ts";

/** What asking needs of a connection. */
export type SocketHost = Pick<HostConnection, "target" | "openSocket">;

/** Answers whose form is fixed are checked here; the rest by whoever asked. */
const agentResults: Readonly<Record<string, z.ZodType>> = { status: agentStatusSchema, ping: pingReplySchema };
const adminResults: Readonly<Record<string, z.ZodType>> = {
  status: coordinatorStatusSchema,
  reserve: reservationSchema,
  submit: submitReplySchema,
  "lease.acquire": leaseReplySchema,
};

/** Longer than the longest ping that an agent runs. */
const timeout = 120_000;

/** Asks the agent of `mesh`; gives the result of its answer. @throws TunnelMeshError TM_SSH_SOCKET, TM_INSTALL_REFUSED, TM_INSTALL_REPLY */
export function agentRequest(
  connection: SocketHost,
  mesh: string,
  request: AgentRequest,
  signal?: AbortSignal,
): Promise<unknown> {
  return ask(connection, hostPaths(mesh).agentSocket, request, agentResults[request.method], signal);
}

/** Asks the coordinator of `mesh`. @throws TunnelMeshError TM_SSH_SOCKET, TM_INSTALL_REFUSED, TM_INSTALL_REPLY */
export function coordinatorRequest(
  connection: SocketHost,
  mesh: string,
  request: AdminRequest,
  signal?: AbortSignal,
): Promise<unknown> {
  return ask(connection, hostPaths(mesh).coordinatorSocket, request, adminResults[request.method], signal);
}

async function ask(
  connection: SocketHost,
  file: string,
  request: { readonly method: string },
  resultSchema: z.ZodType | undefined,
  signal: AbortSignal | undefined,
): Promise<unknown> {
  const place = `${connection.target}, ${request.method}`;
  const socket = await connection.openSocket(file, signal);
  try {
    const reply = agentReplySchema.safeParse(parseLine(await exchange(socket, JSON.stringify(request), place)));
    if (!reply.success) throw new TunnelMeshError("TM_INSTALL_REPLY", { detail: place });
    if (!reply.data.ok) {
      throw new TunnelMeshError("TM_INSTALL_REFUSED", {
        detail: `${place}: ${reply.data.message} (${reply.data.code})`,
      });
    }
    const { result } = reply.data;
    if (resultSchema?.safeParse(result).success === false)
      throw new TunnelMeshError("TM_INSTALL_REPLY", { detail: place });
    return result;
  } catch (error) {
    signal?.throwIfAborted();
    if (isTunnelMeshError(error)) throw error;
    throw new TunnelMeshError("TM_SSH_SOCKET", { detail: place, cause: error });
  } finally {
    socket.destroy();
  }
}

function exchange(socket: Duplex, line: string, place: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const decoder = new StringDecoder("utf8");
    let text = "";
    let size = 0;
    const settle = (work: () => void) => {
      clearTimeout(timer);
      work();
    };
    const refuse = (why: string) =>
      settle(() => reject(new TunnelMeshError("TM_INSTALL_REPLY", { detail: `${place}: ${why}` })));
    const timer = setTimeout(refuse, timeout, "no answer in time");
    socket.on("data", (chunk: Buffer) => {
      size += chunk.length;
      text += decoder.write(chunk);
      const end = text.indexOf("\n", Math.max(0, text.length - chunk.length - 4));
      if (end >= 0) settle(() => resolve(text.slice(0, end)));
      else if (size > controlLineLimit) refuse("the answer is longer than a line may be");
    });
    socket.once("error", (error) => settle(() => reject(error)));
    socket.once("close", () => refuse("it hung up"));
    socket.write(`${line}\n`);
  });
}

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
