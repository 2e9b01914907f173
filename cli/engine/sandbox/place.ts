// Where the sandbox cloud keeps its state, and how other programs find it.
import path from "node:path";
import { z } from "zod";
import { readRecord } from "./record.ts";

/** One per machine, as its droplets are this machine's. */
export const defaultSandboxFolder = "/var/lib/tunnelmesh-sandbox";

export interface SandboxPlace {
  readonly folder: string;
  readonly cloudFile: string;
  /** Who serves it now; removed at an orderly end. */
  readonly serverFile: string;
  /** Lock of whoever starts it. */
  readonly startFile: string;
  readonly logFile: string;
  /** State folder of the droplets' local hosts. */
  readonly machines: string;
}

export function sandboxPlace(folder: string = process.env["TM_SANDBOX_DIR"] ?? defaultSandboxFolder): SandboxPlace {
  return {
    folder,
    cloudFile: path.join(folder, "cloud.json"),
    serverFile: path.join(folder, "server.json"),
    startFile: path.join(folder, "start.json"),
    logFile: path.join(folder, "server.log"),
    machines: path.join(folder, "machines"),
  };
}

const serverSchema = z.object({
  pid: z.int().min(2),
  /** Origin of the API: "http://127.0.0.1:PORT". */
  url: z.url().max(256),
  /** The one token that it takes; worth nothing anywhere else. */
  token: z.string().max(256),
});
export type SandboxServer = z.infer<typeof serverSchema>;

/** A few hundred bytes. */
const serverLimit = 65_536;

/**
 * The server as its file says; undefined when there is none. Whether it still runs is another question.
 * @throws TunnelMeshError TM_SANDBOX_RECORD
 */
export function readServer({ serverFile }: SandboxPlace): Promise<SandboxServer | undefined> {
  return readRecord(serverFile, serverSchema, serverLimit);
}
