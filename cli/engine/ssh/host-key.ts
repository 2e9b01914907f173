// Decides about the key that a host shows: pinned, known, confirmed, unknown or changed.
import { createHash } from "node:crypto";
import { TunnelMeshError } from "../../../protocol/errors/error.ts";
import type { HostKeyOptions } from "./configuration.ts";
import type { ConnectOptions } from "./connection.ts";
import type { CertificateVerdict } from "./host-certificate.ts";
import { appendKnownHost, type KnownKey } from "./known-hosts.ts";

/** What is known of a host before it is connected to. */
export interface HostKeyKnowledge {
  /** As the user wrote it, for messages. */
  readonly target: string;
  /** Name under which known_hosts has it. */
  readonly name: string;
  readonly pinned: string | undefined;
  readonly known: readonly KnownKey[];
  /** What the host's certificate came to, where an authority may vouch for it. */
  readonly certificate?: CertificateVerdict;
  readonly options: HostKeyOptions;
  /** Whatever it shows is right until it has proved it. */
  readonly firstContact?: true;
}

/** The algorithms to ask for, those of known keys first: a host that has several keys shows the one that is known. */
export function hostKeyAlgorithms(knowledge: HostKeyKnowledge, preference: readonly string[]): string[] {
  const { pinned, known, certificate } = knowledge;
  const lines =
    pinned !== undefined
      ? [pinned]
      : certificate?.kind === "good"
        ? [certificate.key]
        : known.filter((key) => !key.revoked && !key.authority).map(({ line }) => line);
  const types = new Set(lines.map(typeOf));
  const isKnown = (algorithm: string) => types.has(algorithm.startsWith("rsa-") ? "ssh-rsa" : algorithm);
  return [...preference.filter(isKnown), ...preference.filter((algorithm) => !isKnown(algorithm))];
}

/** "TYPE BASE64" of a key's wire form (RFC 4253 §6.6). @throws RangeError when it does not begin with a type */
export function hostKeyLine(blob: Buffer): string {
  const length = blob.length < 4 ? 0 : blob.readUInt32BE(0);
  const type = blob.subarray(4, 4 + length).toString("latin1");
  if (!/^[a-z0-9@.-]{1,64}$/.test(type)) throw new RangeError("the host key does not begin with its type");
  return `${type} ${blob.toString("base64")}`;
}

/** "SHA256:…" as ssh-keygen -l prints it. */
export function hostKeyFingerprint(line: string): string {
  const blob = Buffer.from(line.split(" ")[1] ?? "", "base64");
  return `SHA256:${createHash("sha256").update(blob).digest("base64").replace(/=+$/, "")}`;
}

/**
 * Returns when `shown` is the host's key; asks where nothing is known and somebody can answer.
 * @throws TunnelMeshError TM_SSH_HOST_KEY_UNKNOWN, TM_SSH_HOST_KEY_CHANGED
 */
export async function judgeHostKey(
  shown: string,
  address: string,
  knowledge: HostKeyKnowledge,
  confirm: ConnectOptions["confirmHostKey"],
): Promise<void> {
  const { pinned, known, target } = knowledge;
  if (knowledge.firstContact === true) return;
  if (pinned !== undefined) {
    if (stripComment(pinned) !== shown) throw changed(shown, stripComment(pinned), "the stack", knowledge);
    return;
  }
  const revoked = known.find((key) => key.revoked && key.line === shown);
  if (revoked !== undefined) throw changed(shown, shown, `${revoked.place}, which revokes it`, knowledge);
  const { certificate } = knowledge;
  if (certificate?.kind === "good" && certificate.key === shown) return;
  const valid = known.filter((key) => !key.revoked && !key.authority);
  if (valid.some((key) => key.line === shown)) return;
  const exact = valid.filter((key) => !key.anyPort);
  const other = exact.find((key) => key.type === typeOf(shown)) ?? exact[0];
  if (other !== undefined) throw changed(shown, other.line, other.place, knowledge);
  const fingerprint = hostKeyFingerprint(shown);
  const accepted =
    confirm !== undefined && knowledge.options.ask && (await confirm({ target, address, hostKey: shown, fingerprint }));
  if (!accepted) {
    throw new TunnelMeshError("TM_SSH_HOST_KEY_UNKNOWN", {
      detail: `${target} (${address}) shows ${typeOf(shown)} ${fingerprint}${certificateNote(certificate)}`,
      advice: [
        `Connect once by hand and compare the fingerprint: ssh ${target}`,
        `Or write the key into the stack: new SshHost("${target}", { hostKey: "${shown}" }).`,
      ],
    });
  }
  const { newKeys, hash } = knowledge.options;
  if (newKeys !== undefined) await appendKnownHost(newKeys, knowledge.name, shown, hash);
}

function certificateNote(certificate: CertificateVerdict | undefined): string {
  return certificate?.kind === "not-good" ? `; its certificate does not count: ${certificate.why}` : "";
}

function changed(
  shown: string,
  expected: string,
  place: string,
  { target, name, pinned }: HostKeyKnowledge,
): TunnelMeshError {
  const type = typeOf(shown);
  const file = type === "ssh-rsa" ? "rsa" : type.startsWith("ecdsa") ? "ecdsa" : "ed25519";
  return new TunnelMeshError("TM_SSH_HOST_KEY_CHANGED", {
    detail:
      `${target} shows ${type} ${hostKeyFingerprint(shown)}, ` +
      `but ${typeOf(expected)} ${hostKeyFingerprint(expected)} is expected (${place})`,
    advice: [
      `Do not go on before you know why. Compare on the host's own console: ssh-keygen -lf /etc/ssh/ssh_host_${file}_key.pub`,
      pinned === undefined
        ? `If it was rebuilt on purpose: ssh-keygen -R '${name}', then connect again.`
        : "If it was rebuilt on purpose: change hostKey in the stack, then connect again.",
    ],
  });
}

function typeOf(line: string): string {
  return line.trim().split(/\s+/)[0] ?? "";
}

function stripComment(line: string): string {
  return line.trim().split(/\s+/).slice(0, 2).join(" ");
}
