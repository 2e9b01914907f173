// The admin socket: one JSON request per line in, one JSON answer per line out, bounded, one at a time per connection.
import { chmod, mkdir, rm } from "node:fs/promises";
import { connect, createServer, type Socket } from "node:net";
import path from "node:path";
import type { Logger } from "pino";
import { adminRequestSchema } from "../../protocol/control/admin.ts";
import { controlLineLimit } from "../../protocol/control/agent.ts";
import { isTunnelMeshError, TunnelMeshError } from "../../protocol/errors/error.ts";
import { type AdminContext, answerAdmin } from "./methods.ts";

const connectionLimit = 32;

export interface AdminServer {
  close(): Promise<void>;
}

/** Listens on the Unix socket `file`, mode 0660. A socket that a dead process left is replaced. @throws TunnelMeshError */
export async function listenForAdmins(file: string, context: AdminContext, log: Logger): Promise<AdminServer> {
  await mkdir(path.dirname(file), { recursive: true });
  if (await answers(file)) throw new TunnelMeshError("TM_COORDINATION_RUNNING", { detail: file });
  await rm(file, { force: true });
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.on("close", () => open.delete(socket));
    serve(socket, context, log).catch((error: unknown) => {
      log.warn({ err: error }, "an admin connection ended");
      socket.destroy();
    });
  });
  server.maxConnections = connectionLimit;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(file, () => {
      server.off("error", reject);
      resolve();
    });
  });
  server.on("error", (error) => log.error({ err: error }, "the admin socket failed"));
  await chmod(file, 0o660);
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of open) socket.destroySoon();
      }),
  };
}

/** Reads lines as they come and answers each before the next; a line that is too long ends the connection. */
async function serve(socket: Socket, context: AdminContext, log: Logger): Promise<void> {
  let waiting: Buffer[] = [];
  let size = 0;
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    let rest = chunk;
    for (let end = rest.indexOf(10); end !== -1; end = rest.indexOf(10)) {
      const line = Buffer.concat([...waiting, rest.subarray(0, end)]);
      rest = rest.subarray(end + 1);
      waiting = [];
      size = 0;
      if (line.length > controlLineLimit) return refuseLong(socket);
      await send(socket, await answer(line, context, log));
    }
    waiting.push(rest);
    size += rest.length;
    if (size > controlLineLimit) return refuseLong(socket);
  }
}

async function answer(line: Buffer, context: AdminContext, log: Logger): Promise<unknown> {
  try {
    const request = adminRequestSchema.safeParse(parseJson(line));
    if (!request.success) {
      const issue = request.error.issues[0];
      const detail = `${issue?.path.join(".") ?? ""} ${issue?.message ?? ""}`.trim();
      throw new TunnelMeshError("TM_COORDINATION_REQUEST", { detail });
    }
    return { ok: true, result: await answerAdmin(context, request.data) };
  } catch (error) {
    if (isTunnelMeshError(error)) return { ok: false, code: error.code, message: error.message };
    log.error({ err: error }, "an admin request failed");
    return { ok: false, code: "TM_INTERNAL", message: error instanceof Error ? error.message : String(error) };
  }
}

function parseJson(line: Buffer): unknown {
  try {
    return JSON.parse(line.toString("utf8"));
  } catch (error) {
    if (error instanceof SyntaxError)
      throw new TunnelMeshError("TM_COORDINATION_REQUEST", { detail: "it is not JSON" });
    throw error;
  }
}

function send(socket: Socket, value: unknown): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.write(`${JSON.stringify(value)}\n`, (error) => (error ? reject(error) : resolve()));
  });
}

function refuseLong(socket: Socket): void {
  const message = "a request has at most 4 MiB";
  socket.end(`${JSON.stringify({ ok: false, code: "TM_COORDINATION_REQUEST", message })}\n`);
}

/** Whether a living process listens on the socket. */
function answers(file: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(file);
    probe.on("connect", () => {
      probe.destroy();
      resolve(true);
    });
    probe.on("error", () => resolve(false));
  });
}
