// One open connection to one host: commands, files and sockets over it.
import { randomBytes } from "node:crypto";
import path from "node:path";
import type { Client } from "ssh2";
import { TunnelMeshError } from "../../../protocol/errors/error.ts";
import type { ConnectOptions, HostConnection, RunOptions, RunResult } from "./connection.ts";
import { type Elevation, findElevation } from "./elevate.ts";
import { execute, firstLine } from "./execute.ts";
import { quote } from "./quote.ts";
import { openHostSocket } from "./socket.ts";
import { visibleLines } from "./visible.ts";

export interface SessionParameters {
  readonly client: Client;
  /** Clients that this one runs through, nearest first; closed with it. */
  readonly hops: readonly Client[];
  readonly target: string;
  readonly address: string;
  readonly user: string;
  readonly hostKey: string;
  readonly askSecret: ConnectOptions["askSecret"];
}

/** More at once than this is a leak, and Node says so. */
const commandLimit = 64;

/** Wraps a client that is logged in. */
export function createSession(parameters: SessionParameters): HostConnection {
  const { client, hops, target, address, user, hostKey, askSecret } = parameters;
  // Every command that runs listens for the end of the connection.
  client.setMaxListeners(commandLimit);
  let elevation: Promise<Elevation> | undefined;
  let lost: unknown;
  // A connection that breaks while nothing runs is told to the next command, not to the process.
  for (const one of [client, ...hops]) {
    one.on("error", (error) => {
      lost ??= error;
    });
  }
  const elevate = (): Promise<Elevation> => {
    elevation ??= findElevation({ client, target, user, askSecret });
    // A refusal is asked again: the password may be right the next time.
    elevation.catch(() => {
      elevation = undefined;
    });
    return elevation;
  };
  const run = async (command: string, options: RunOptions = {}): Promise<RunResult> => {
    const { root, ...rest } = options;
    if (lost !== undefined) throw new TunnelMeshError("TM_SSH_CONNECTION_LOST", { detail: target, cause: lost });
    if (root !== true) return execute({ client, target, command, ...rest });
    const { wrap, preamble } = await elevate();
    return execute({
      client,
      target,
      command: wrap(command),
      ...(preamble === undefined ? {} : { preamble }),
      ...rest,
    });
  };
  const check = async (command: string, options: RunOptions = {}): Promise<string> => {
    const { code, stdout, stderr } = await run(command, options);
    if (code === 0) return stdout;
    const said = visibleLines((stderr.trim() || stdout.trim()).slice(-2000), 2000);
    throw new TunnelMeshError("TM_SSH_COMMAND_FAILED", {
      detail: `${target}: "${firstLine(command)}" ended with ${code}${said === "" ? "" : `: ${said}`}`,
    });
  };
  return {
    target,
    address,
    viaProxy: hops.length > 0,
    user,
    hostKey,
    run,
    check,
    async writeFile(file, content, { mode, owner, signal }) {
      await check(writeScript(file, mode, owner), {
        root: true,
        stdin: content,
        ...(signal === undefined ? {} : { signal }),
      });
    },
    openSocket: (file, signal) =>
      openHostSocket({ client, target, file, elevate, ...(signal === undefined ? {} : { signal }) }),
    close() {
      for (const one of [client, ...hops]) one.end();
    },
  };
}

/** Temporary file beside the target, fsync, rename; nobody else can read it at any moment. */
export function writeScript(file: string, mode: number, owner: string | undefined): string {
  const temporary = quote(
    path.posix.join(path.posix.dirname(file), `.${path.posix.basename(file)}.${randomBytes(6).toString("hex")}`),
  );
  return [
    "set -e; umask 077",
    `trap 'rm -f ${temporary.replaceAll("'", `'\\''`)}' EXIT`,
    `cat > ${temporary}`,
    `chmod ${mode.toString(8)} ${temporary}`,
    ...(owner === undefined ? [] : [`chown ${quote(owner)} ${temporary}`]),
    `sync ${temporary}`,
    `mv -fT ${temporary} ${quote(file)}`,
    `sync ${quote(path.posix.dirname(file))}`,
  ].join("\n");
}
