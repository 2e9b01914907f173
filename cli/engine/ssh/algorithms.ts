// Chooses the algorithms to offer: what ssh_config asks for, among those that the SSH library knows.
import type { Algorithms } from "ssh2";
import constants from "ssh2/lib/protocol/constants.js";
import { brokenConfiguration } from "./broken.ts";
import type { SshOptions } from "./configuration-file.ts";
import { matchesPatterns } from "./patterns.ts";

/** Kinds of host key in the order of preference: the mesh maps Ed25519 keys directly. SHA-1 signatures are not asked for. */
export const hostKeyPreference = [
  "ssh-ed25519",
  "ecdsa-sha2-nistp256",
  "ecdsa-sha2-nistp384",
  "ecdsa-sha2-nistp521",
  "rsa-sha2-512",
  "rsa-sha2-256",
] as const;

export interface ChosenAlgorithms {
  /** Left out: as the library has them. */
  readonly offered: Pick<Algorithms, "kex" | "cipher" | "hmac" | "compress">;
  readonly hostKey: readonly string[];
  /** Names and patterns of PubkeyAcceptedAlgorithms; undefined: every one. */
  readonly publicKey: readonly string[] | undefined;
  /** Which of them may sign a host certificate. */
  readonly authority: readonly string[];
}

/** @throws TunnelMeshError TM_SSH_CONFIGURATION when nothing of what is asked for is known */
export function chooseAlgorithms(target: string, options: SshOptions): ChosenAlgorithms {
  const choose = (keyword: string, standard: readonly string[], supported: readonly string[]) => {
    const asked = options.get(keyword)?.[0];
    if (asked === undefined) return undefined;
    const chosen = combine(asked, standard, supported);
    if (chosen.length > 0) return chosen;
    throw brokenConfiguration(target, `this client knows none of ${keyword} ${asked}`, [
      `It knows ${supported.join(", ")}: add one for this host in ~/.ssh/config.`,
    ]);
  };
  const kex = choose("kexalgorithms", constants.DEFAULT_KEX, constants.SUPPORTED_KEX);
  const cipher = choose("ciphers", constants.DEFAULT_CIPHER, constants.SUPPORTED_CIPHER);
  const hmac = choose("macs", constants.DEFAULT_MAC, constants.SUPPORTED_MAC);
  const compression = options.get("compression")?.[0]?.toLowerCase() === "yes";
  const publicKey = options.get("pubkeyacceptedalgorithms") ?? options.get("pubkeyacceptedkeytypes");
  return {
    offered: {
      ...(kex === undefined ? {} : { kex }),
      ...(cipher === undefined ? {} : { cipher }),
      ...(hmac === undefined ? {} : { hmac }),
      // Without being asked to, nothing that a host sends is inflated.
      compress: compression ? ["zlib@openssh.com", "none"] : ["none"],
    } as ChosenAlgorithms["offered"],
    hostKey: choose("hostkeyalgorithms", hostKeyPreference, withCertificates(hostKeyPreference)) ?? hostKeyPreference,
    publicKey: publicKey?.[0] === undefined ? undefined : publicKeyPatterns(publicKey[0]),
    authority: choose("casignaturealgorithms", hostKeyPreference, hostKeyPreference) ?? hostKeyPreference,
  };
}

/** "a,b" replaces, "+a" adds at the end, "-a" takes away, "^a" puts in front; wildcards where OpenSSH has them. */
function combine(asked: string, standard: readonly string[], supported: readonly string[]): string[] {
  const sign = /^[+^-]/.exec(asked)?.[0];
  const patterns = (sign === undefined ? asked : asked.slice(1)).split(",");
  const named = patterns.flatMap((pattern) => supported.filter((name) => matchesPatterns([pattern], name)));
  if (sign === "-") return standard.filter((name) => !matchesPatterns(patterns, name));
  if (sign === "^") return [...new Set([...named, ...standard])];
  return [...new Set(sign === "+" ? [...standard, ...named] : named)];
}

function withCertificates(names: readonly string[]): string[] {
  return [...names.map((name) => `${name}-cert-v01@openssh.com`), ...names];
}

function publicKeyPatterns(asked: string): readonly string[] | undefined {
  const patterns = asked.replace(/^[+^-]/, "").split(",");
  if (asked.startsWith("-")) return ["*", ...patterns.map((pattern) => `!${pattern}`)];
  return /^[+^]/.test(asked) ? undefined : patterns;
}
