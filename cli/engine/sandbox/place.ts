// Where the sandbox cloud keeps its state, and how other programs find it.
import { readFile } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";

/** One per machine, as its droplets are this machine's. */
export const defaultSandboxFolder = "/var/lib/tunnelmesh-sandbox";

export interface SandboxPlace {
  readonly folder: string;
  readonly cloudFile: string;
  /** Who serves it now; removed at an orderly end. */
  readonly serverFile: string;
  readonly logFile: string;
  /** State folder of the droplets' local hosts. */
  readonly machines: string;
}

export function sandboxPlace(folder: string = process.env["TM_SANDBOX_DIR"] ?? defaultSandboxFolder): SandboxPlace {
  return {
    folder,
    cloudFile: path.join(folder, "cloud.json"),
    serverFile: path.join(folder, "server.json"),
    logFile: path.join(folder, "server.log"),
    machines: path.join(folder, "machines"),
  };
}

const serverSchema = z.object({
  pid: z.int().min(2),
  /** Origin of the API: "http://127.0.0.1:PORT". */
  url: z.url(),
  /** The one token that it takes; worth nothing anywhere else. */
  token: z.string(),
});
export type SandboxServer = z.infer<typeof serverSchema>;

/** The server as its file says; undefined when there is none. Whether it still runs is another question. */
export async function readServer({ serverFile }: SandboxPlace): Promise<SandboxServer | undefined> {
  try {
    return serverSchema.parse(JSON.parse(await readFile(serverFile, "utf8")));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
