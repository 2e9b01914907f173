// The keys that can be offered to a host, in order: certificates and files that are named, the agent, the default files.
import path from "node:path";
import { SshFormatError } from "../../../protocol/trust/ssh-wire.ts";
import { type AgentKey, listAgentKeys, signWithAgent } from "./agent.ts";
import { isCertificateType, parseCertificate, plainType } from "./certificate.ts";
import type { ResolvedTarget } from "./configuration.ts";
import type { ConnectOptions } from "./connection.ts";
import { publicHalf, readKeyFile, readPublicLine, signWithKey, unlock } from "./key-file.ts";
import type { OfferedKey } from "./offered-key.ts";
import { matchesPatterns } from "./patterns.ts";
import type { AskSecret } from "./secrets.ts";
import { visible } from "./visible.ts";

/** A key that may be offered; nothing secret is asked before the host has said that it would take it. */
export interface Identity {
  /** For the list of keys tried: "/home/alice/.ssh/id_ed25519", "alice@laptop (agent)". */
  readonly label: string;
  /** Rejects with why it cannot be used. */
  prepare(): Promise<OfferedKey>;
}

/** Names in ~/.ssh that are offered where no IdentityFile is named. */
export const defaultFiles: readonly string[] = ["id_ed25519", "id_ed25519_sk", "id_ecdsa", "id_ecdsa_sk", "id_rsa"];

/**
 * Finds the identities for one host. A file whose key the agent holds is used through the agent, so its passphrase is not asked.
 * @throws TunnelMeshError TM_SSH_KEY_FILE when a file that was named explicitly is not there
 */
export async function findIdentities(
  resolved: ResolvedTarget,
  options: Pick<ConnectOptions, "askSecret" | "heldKeys" | "identityFiles">,
  home: string,
): Promise<Identity[]> {
  if (!resolved.login.publicKey) return [];
  const { agent, identityFiles, algorithms } = resolved;
  const held = agent === undefined ? [] : await listAgentKeys(agent);
  const ask = resolved.login.ask ? options.askSecret : undefined;
  const read = async (files: readonly string[], required: boolean) =>
    (await Promise.all(files.map((file) => readSource(file, required, ask, agent, held)))).flatMap((one) => one ?? []);
  const explicit = await read(options.identityFiles ?? [], true);
  const named = await read(identityFiles ?? [], false);
  const standard = identityFiles === undefined ? defaultFiles.map((name) => path.join(home, ".ssh", name)) : [];
  const defaults = await read(standard, false);
  const sources = [...explicit, ...named, ...defaults];
  const others = agent === undefined || resolved.identitiesOnly ? [] : held.map((key) => ofAgent(agent, key));
  const certificates = await Promise.all(
    resolved.certificateFiles.map((file) => certified(file, [...sources, ...others])),
  );
  const all = [
    ...(options.heldKeys ?? []).map(ofMemory),
    ...certificates.flat(),
    ...withCertificates([...explicit, ...named]),
    ...others,
    ...withCertificates(defaults),
  ];
  const seen = new Set<string>();
  return all.filter(({ type, id }) => {
    const fresh = id === undefined || !seen.has(id);
    if (id !== undefined) seen.add(id);
    return fresh && isAccepted(type, algorithms.publicKey);
  });
}

/** Where a signature comes from: a file or the agent. */
interface Source extends Identity {
  /** Undefined: not known before its passphrase is. */
  readonly type: string | undefined;
  /** The blob in base64. */
  readonly id: string | undefined;
  /** FILE-cert.pub beside it. */
  readonly beside?: { readonly file: string; readonly type: string; readonly blob: Buffer };
}

function withCertificates(sources: readonly Source[]): Source[] {
  return sources.flatMap((source) => {
    const { beside } = source;
    return beside === undefined ? [source] : [certify(source, beside.file, beside), source];
  });
}

async function readSource(
  file: string,
  required: boolean,
  ask: AskSecret | undefined,
  agent: string | undefined,
  held: readonly AgentKey[],
): Promise<Source | undefined> {
  const [text, line, certificate] = await Promise.all([
    readKeyFile(file, false),
    readKeyFile(`${file}.pub`, false),
    readKeyFile(`${file}-cert.pub`, false),
  ]);
  // IdentityFile may name a public key alone: then the agent has the other half.
  const half = readPublicLine(line) ?? readPublicLine(text) ?? (text === undefined ? undefined : publicHalf(text));
  const twin = half === undefined ? undefined : held.find((key) => key.blob.equals(half.blob));
  const read = readPublicLine(certificate);
  const beside =
    read === undefined || certifiedKey(read) !== half?.blob.toString("base64")
      ? {}
      : { beside: { file: `${file}-cert.pub`, ...read } };
  if (twin !== undefined && agent !== undefined) return { ...ofAgent(agent, twin), ...beside };
  if (text === undefined && required) await readKeyFile(file, true);
  if (text === undefined || readPublicLine(text) !== undefined) return undefined;
  const sign = async (data: Buffer, algorithm: string) => signWithKey(await unlock(file, text, ask), data, algorithm);
  return {
    label: file,
    type: half?.type,
    id: half?.blob.toString("base64"),
    ...beside,
    async prepare() {
      if (half !== undefined) return { ...half, sign };
      const key = await unlock(file, text, ask);
      return { type: key.type, blob: key.getPublicSSH(), sign };
    },
  };
}

function ofMemory({ label, ...key }: NonNullable<ConnectOptions["heldKeys"]>[number]): Source {
  return { label, type: key.type, id: key.blob.toString("base64"), prepare: async () => key };
}

function ofAgent(agent: string, { type, blob, comment }: AgentKey): Source {
  const sign = (data: Buffer, algorithm: string) => signWithAgent(agent, blob, data, algorithm);
  const label = `${visible(comment, 100) || type} (agent)`;
  return { label, type, id: blob.toString("base64"), prepare: async () => ({ type, blob, sign }) };
}

/** CertificateFile goes with whichever key it certifies. */
async function certified(file: string, sources: readonly Source[]): Promise<Source[]> {
  const read = readPublicLine(await readKeyFile(file, false));
  const id = read === undefined ? undefined : certifiedKey(read);
  const source = id === undefined ? undefined : sources.find((one) => one.id === id);
  return read === undefined || source === undefined ? [] : [certify(source, file, read)];
}

/** The blob of the key inside, in base64; undefined when it is no certificate that can be read. */
function certifiedKey({ type, blob }: { type: string; blob: Buffer }): string | undefined {
  if (!isCertificateType(type)) return undefined;
  try {
    return Buffer.from(parseCertificate(blob).key.blob).toString("base64");
  } catch (error) {
    if (error instanceof SshFormatError) return undefined;
    throw error;
  }
}

function certify(source: Source, label: string, { type, blob }: { type: string; blob: Buffer }): Source {
  const prepare = async () => ({ type, blob, sign: (await source.prepare()).sign });
  return { label, type, id: blob.toString("base64"), prepare };
}

/** PubkeyAcceptedAlgorithms names what would be signed with. */
function isAccepted(type: string | undefined, patterns: readonly string[] | undefined): boolean {
  if (type === undefined || patterns === undefined) return true;
  const end = isCertificateType(type) ? "-cert-v01@openssh.com" : "";
  const names = plainType(type) === "ssh-rsa" ? [`rsa-sha2-256${end}`, `rsa-sha2-512${end}`] : [type];
  return names.some((name) => matchesPatterns(patterns, name));
}
