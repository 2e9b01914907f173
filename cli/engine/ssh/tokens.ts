// Expands what ssh_config(5) calls TOKENS and ENVIRONMENT VARIABLES.
import { createHash } from "node:crypto";
import { brokenConfiguration } from "./broken.ts";

export interface TokenValues {
  /** %n: as the user wrote it. */
  readonly original: string;
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly localUser: string;
  readonly home: string;
  /** %l, and %L up to its first dot. */
  readonly localHost: string;
  readonly uid: number;
  readonly hostKeyAlias?: string;
  readonly jump?: string;
}

const pathTokens = "CdhijkLlnpru";
/** "none" needs no token; every other letter is an error, as in ssh. */
export const proxyTokens = "hnpr";

/** Expands %-tokens among `allowed`. @throws TunnelMeshError TM_SSH_CONFIGURATION on any other */
export function expandTokens(text: string, values: TokenValues, allowed: string): string {
  return text.replaceAll(/%(.?)/gsu, (whole, letter: string) => {
    if (letter === "%") return "%";
    if (letter === "" || !allowed.includes(letter))
      throw brokenConfiguration(values.original, `"${whole}" in "${text}"`);
    return tokenOf(letter, values);
  });
}

/** A path: ~, then tokens and ${VARIABLE}. @throws TunnelMeshError TM_SSH_CONFIGURATION */
export function expandPath(
  text: string,
  values: TokenValues,
  environment: Readonly<Record<string, string | undefined>>,
): string {
  const expanded = text.replaceAll(/\$\{([^}]*)\}|%(.?)/gsu, (whole, name: string | undefined) => {
    if (name === undefined) return expandTokens(whole, values, pathTokens);
    const value = environment[name];
    if (value === undefined) throw brokenConfiguration(values.original, `\${${name}} in "${text}" is not set`);
    return value;
  });
  return expandTilde(expanded, values.home);
}

export function expandTilde(file: string, home: string): string {
  return file === "~" || file.startsWith("~/") ? `${home}${file.slice(1)}` : file;
}

function tokenOf(letter: string, values: TokenValues): string {
  const { original, host, port, user, localUser, home, localHost, uid, hostKeyAlias, jump = "" } = values;
  switch (letter) {
    case "C":
      return createHash("sha1").update(`${localHost}${host}${port}${user}${jump}`).digest("hex");
    case "d":
      return home;
    case "h":
      return host;
    case "i":
      return `${uid}`;
    case "j":
      return jump;
    case "k":
      return hostKeyAlias ?? original;
    case "L":
      return localHost.split(".")[0] ?? "";
    case "l":
      return localHost;
    case "n":
      return original;
    case "p":
      return `${port}`;
    case "r":
      return user;
    default:
      return localUser;
  }
}
