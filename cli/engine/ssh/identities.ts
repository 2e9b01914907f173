// The keys that can be offered to a host, in order: named files, the agent, the default files.
import { readFile } from "node:fs/promises";
import path from "node:path";
import ssh2, {
  type AnyAuthMethod,
  type BaseAgent,
  type IdentityCallback,
  type ParsedKey,
  type SignCallback,
  type SigningRequestOptions,
} from "ssh2";
import { TunnelMeshError } from "../../../protocol/errors/error.ts";
import type { ResolvedTarget } from "./configuration.ts";
import type { ConnectOptions } from "./connection.ts";

/** A key that may be offered; nothing secret is read or asked before its turn. */
export interface Identity {
  /** For the list of keys tried: "/home/alice/.ssh/id_ed25519", "alice@laptop (agent)". */
  readonly label: string;
  /** Undefined: it cannot be used, and `why` says so. */
  prepare(user: string): Promise<AnyAuthMethod | { readonly why: string }>;
}

const defaultFiles = ["id_ed25519", "id_ecdsa", "id_rsa"];
const passphraseTries = 3;
const keyFileLimit = 64 * 1024;

/**
 * Finds the identities for one host. A file whose key the agent holds is offered through the agent, so its passphrase is not asked.
 * @throws TunnelMeshError TM_SSH_KEY_FILE when a file that was named explicitly is not there
 */
export async function findIdentities(
  resolved: ResolvedTarget,
  options: ConnectOptions,
  home: string,
): Promise<Identity[]> {
  const agent = resolved.agent === undefined ? undefined : ssh2.createAgent(resolved.agent);
  const held = agent === undefined ? [] : await listAgent(agent);
  const explicit = options.identityFiles ?? [];
  const defaults =
    resolved.identityFiles !== undefined ? [] : defaultFiles.map((name) => path.join(home, ".ssh", name));
  const offered = new Set<string>();
  const fromAgent = (keys: readonly ParsedKey[]): Identity[] =>
    agent === undefined
      ? []
      : keys.flatMap((key) => (remember(offered, blobOf(key)) ? [agentIdentity(agent, key)] : []));
  const fromFiles = async (files: readonly string[], required: boolean): Promise<Identity[]> => {
    const found: Identity[] = [];
    for (const file of files) {
      const text = await readKeyFile(file, required);
      const blob = await publicBlob(file, text);
      const twin = held.find((key) => blobOf(key) === blob);
      if (twin !== undefined) found.push(...fromAgent([twin]));
      else if (text !== undefined && (blob === undefined || remember(offered, blob))) {
        found.push(fileIdentity(file, text, options.askSecret));
      }
    }
    return found;
  };
  const named = [...(await fromFiles(explicit, true)), ...(await fromFiles(resolved.identityFiles ?? [], false))];
  const others = resolved.identitiesOnly ? [] : fromAgent(held);
  return [...named, ...others, ...(await fromFiles(defaults, false))];
}

/** The agent offers one key at a time, so that the order is ours and each can be named. */
class OneKeyAgent extends ssh2.BaseAgent<ParsedKey> {
  readonly #agent: BaseAgent;
  readonly #key: ParsedKey;
  constructor(agent: BaseAgent, key: ParsedKey) {
    super();
    this.#agent = agent;
    this.#key = key;
  }
  override getIdentities(callback: IdentityCallback<ParsedKey>): void {
    callback(undefined, [this.#key]);
  }
  override sign(
    key: ParsedKey,
    data: Buffer,
    options: SigningRequestOptions | SignCallback,
    callback?: SignCallback,
  ): void {
    if (typeof options === "function") this.#agent.sign(key, data, options);
    else this.#agent.sign(key, data, options, callback);
  }
}

function agentIdentity(agent: BaseAgent, key: ParsedKey): Identity {
  return {
    label: `${key.comment || key.type} (agent)`,
    prepare: async (username) => ({ type: "agent", username, agent: new OneKeyAgent(agent, key) }),
  };
}

/** An agent that does not answer holds nothing. */
function listAgent(agent: BaseAgent): Promise<ParsedKey[]> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, 3000, []);
    agent.getIdentities((error, keys) => {
      clearTimeout(timer);
      resolve(error ? [] : ((keys ?? []) as ParsedKey[]));
    });
  });
}

function fileIdentity(file: string, text: string, askSecret: ConnectOptions["askSecret"]): Identity {
  return {
    label: file,
    async prepare(username) {
      let key = parse(text);
      for (let tries = 0; key instanceof Error && isEncrypted(key) && tries < passphraseTries; tries += 1) {
        if (askSecret === undefined) return { why: "encrypted, and there is nobody to ask for its passphrase" };
        key = parse(text, await askSecret(`Passphrase for ${file}: `));
      }
      if (key instanceof Error) return { why: isEncrypted(key) ? "the passphrase is not right" : key.message };
      return { type: "publickey", username, key };
    },
  };
}

function parse(text: string, passphrase?: string): ParsedKey | Error {
  const parsed = ssh2.utils.parseKey(text, passphrase);
  return Array.isArray(parsed) ? (parsed[0] ?? new Error("it holds no key")) : parsed;
}

function isEncrypted(error: Error): boolean {
  return /encrypted|passphrase|integrity|decrypt/i.test(error.message);
}

async function readKeyFile(file: string, required: boolean): Promise<string | undefined> {
  try {
    const text = await readFile(file, "utf8");
    if (text.length > keyFileLimit) throw new RangeError("it is larger than any key");
    return text;
  } catch (error) {
    if (!required) return undefined;
    throw new TunnelMeshError("TM_SSH_KEY_FILE", { detail: file, cause: error });
  }
}

/** From the .pub file, or from the private one where it is not encrypted. */
async function publicBlob(file: string, text: string | undefined): Promise<string | undefined> {
  for (const candidate of [await readKeyFile(`${file}.pub`, false), text]) {
    const key = candidate === undefined ? undefined : parse(candidate);
    if (key !== undefined && !(key instanceof Error)) return blobOf(key);
  }
  return undefined;
}

function blobOf(key: ParsedKey): string {
  return key.getPublicSSH().toString("base64");
}

function remember(set: Set<string>, value: string): boolean {
  if (set.has(value)) return false;
  set.add(value);
  return true;
}
