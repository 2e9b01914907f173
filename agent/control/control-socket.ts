// The agent's control socket: JSON lines for tm on this host, bounded in size, number and time (protocol/control/agent.ts).
import { execFile } from "node:child_process";
import { chmod, mkdir, rm } from "node:fs/promises";
import { connect, createServer, type Socket } from "node:net";
import path from "node:path";
import { promisify } from "node:util";
import type { z } from "zod";
import { agentRequestSchema, controlLineLimit } from "../../protocol/control/agent.ts";
import { isTunnelMeshError, TunnelMeshError } from "../../protocol/errors/error.ts";
import type { Log } from "../system/log.ts";
import { lineReader } from "./line-reader.ts";

const run = promisify(execFile);

/** Requests are short; answers may have the protocol's full line. */
export const requestLimit = 4096;
export const connectionLimit = 16;
/** A connection that asks nothing is closed after this; longer than the longest ping. */
const idleTimeout = 130_000;
/** Requests that one connection may have waiting. */
const pipelineLimit = 8;

export type ParsedRequest = z.output<typeof agentRequestSchema>;
export type RequestHandler = (request: ParsedRequest, signal: AbortSignal) => Promise<unknown>;

export interface ControlSocket {
  close(): Promise<void>;
}

/**
 * Listens on `file`, mode 0660, group `tunnelmesh` where that group exists. A socket left by a dead agent is replaced.
 * @throws TunnelMeshError TM_AGENT_ALREADY_RUNNING when another agent answers there
 */
export async function listenControlSocket(file: string, handle: RequestHandler, log: Log): Promise<ControlSocket> {
  await mkdir(path.dirname(file), { recursive: true, mode: 0o755 });
  if (await isAnswered(file)) throw new TunnelMeshError("TM_AGENT_ALREADY_RUNNING", { detail: file });
  await rm(file, { force: true });
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.on("close", () => open.delete(socket));
    serve(socket, handle, log);
  });
  server.maxConnections = connectionLimit;
  await listen(server, file);
  await chmod(file, 0o660);
  try {
    await run("chgrp", ["tunnelmesh", file]);
  } catch (error) {
    log("debug", "the control socket stays with root's group", { cause: String(error) });
  }
  return {
    close: async () => {
      for (const socket of open) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      await rm(file, { force: true });
    },
  };
}

async function listen(server: ReturnType<typeof createServer>, file: string): Promise<void> {
  // Between bind and chmod the socket must not be open to all.
  const before = process.umask(0o117);
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(file, () => resolve());
    });
  } finally {
    process.umask(before);
  }
}

/** Says whether somebody listens on the socket `file`. */
export async function isAnswered(file: string): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect(file);
    const finish = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.once("connect", () => finish(true));
    socket.once("error", () => finish(false));
  });
}

function serve(socket: Socket, handle: RequestHandler, log: Log): void {
  const read = lineReader(requestLimit);
  const aborter = new AbortController();
  let waiting = 0;
  let turn: Promise<void> = Promise.resolve();
  const refuse = (detail: string): void => {
    socket.end(answerOf(new TunnelMeshError("TM_AGENT_REQUEST", { detail })));
  };
  socket.setTimeout(idleTimeout, () => socket.destroy());
  socket.on("error", (error) => log("debug", "a control connection broke", { cause: error.message }));
  socket.on("close", () => aborter.abort());
  socket.on("data", (chunk: Buffer) => {
    const lines = read(chunk);
    if (lines === undefined) {
      refuse(`a line is longer than ${requestLimit} bytes`);
      return;
    }
    for (const line of lines) {
      if (waiting >= pipelineLimit) {
        refuse(`more than ${pipelineLimit} requests at once`);
        return;
      }
      waiting += 1;
      turn = turn.then(async () => {
        const answer = await answerLine(line, handle, aborter.signal, log);
        waiting -= 1;
        if (socket.writable) socket.write(answer);
      });
    }
  });
}

async function answerLine(line: string, handle: RequestHandler, signal: AbortSignal, log: Log): Promise<string> {
  try {
    const request = agentRequestSchema.safeParse(parseJson(line));
    if (!request.success) throw new TunnelMeshError("TM_AGENT_REQUEST", { detail: "the method or its fields" });
    const answer = `${JSON.stringify({ ok: true, result: await handle(request.data, signal) })}\n`;
    if (Buffer.byteLength(answer) > controlLineLimit) {
      throw new TunnelMeshError("TM_AGENT_REQUEST", { detail: "the answer is longer than a line may be" });
    }
    return answer;
  } catch (error) {
    if (!isTunnelMeshError(error)) log("error", "a control request failed", { cause: String(error) });
    return answerOf(error);
  }
}

function answerOf(error: unknown): string {
  const code = isTunnelMeshError(error) ? error.code : "TM_INTERNAL";
  const message = error instanceof Error ? error.message : String(error);
  return `${JSON.stringify({ ok: false, code, message })}\n`;
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
