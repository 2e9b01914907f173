// How a session becomes root: it is, or sudo lets it without a password, or with one that is asked once.
import type { Client } from "ssh2";
import { TunnelMeshError } from "../../../protocol/errors/error.ts";
import type { ConnectOptions } from "./connection.ts";
import { execute } from "./execute.ts";
import { quote } from "./quote.ts";
import { trySecret } from "./secrets.ts";

export interface Elevation {
  /** The command as root runs it. */
  wrap(command: string): string;
  /** Goes to stdin before anything else. */
  readonly preamble?: string;
}

export interface ElevateParameters {
  readonly client: Client;
  readonly target: string;
  readonly user: string;
  readonly askSecret: ConnectOptions["askSecret"];
  readonly signal?: AbortSignal;
}

const probe = `if [ "$(id -u)" = 0 ]; then echo root
elif ! command -v sudo >/dev/null 2>&1; then echo none
elif sudo -n true 2>/dev/null; then echo sudo
else echo password; fi`;

/** Finds the way once per session. @throws TunnelMeshError TM_SSH_NO_SUDO, TM_SSH_SUDO_PASSWORD */
export async function findElevation(parameters: ElevateParameters): Promise<Elevation> {
  const { client, target, user, signal } = parameters;
  const place = `${user} on ${target}`;
  const { stdout } = await execute({ client, target, command: probe, ...(signal === undefined ? {} : { signal }) });
  switch (stdout.trim()) {
    case "root":
      return { wrap: (command) => command };
    case "sudo":
      return { wrap: (command) => `exec sudo -n -- sh -c ${quote(command)}` };
    case "password":
      return askPassword(parameters, place);
    default:
      throw new TunnelMeshError("TM_SSH_NO_SUDO", { detail: `${place}: sudo is not installed` });
  }
}

async function askPassword(
  { client, target, askSecret, signal }: ElevateParameters,
  place: string,
): Promise<Elevation> {
  if (askSecret === undefined) throw new TunnelMeshError("TM_SSH_SUDO_PASSWORD", { detail: place });
  for (;;) {
    const attempt = await trySecret(askSecret, `sudo ${place}`, `Password of ${place}, for sudo: `);
    if (attempt === undefined) break;
    const preamble = `${attempt.secret}\n`;
    // -k: sudo always reads the line, so that it never ends up in the command's own stdin.
    const checked = await execute({
      client,
      target,
      command: "LC_ALL=C exec sudo -k -S -p '' -- true",
      preamble,
      ...(signal === undefined ? {} : { signal }),
    }).catch((error: unknown) => {
      attempt.settle(undefined);
      throw error;
    });
    attempt.settle(checked.code === 0);
    if (checked.code === 0) return { preamble, wrap: (command) => `exec sudo -k -S -p '' -- sh -c ${quote(command)}` };
    if (/not in the sudoers|not allowed|may not run/i.test(checked.stderr)) {
      throw new TunnelMeshError("TM_SSH_NO_SUDO", { detail: place });
    }
  }
  throw new TunnelMeshError("TM_SSH_SUDO_PASSWORD", { detail: `${place}: the password is not right` });
}
