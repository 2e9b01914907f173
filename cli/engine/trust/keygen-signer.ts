// A signer whose private half only OpenSSH can use: SSH agent, passphrase, security key, RSA and ECDSA files.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { execa } from "execa";
import { TunnelMeshError } from "../../../protocol/errors/error.ts";
import type { Signer } from "../../../protocol/trust/signing.ts";
import { fingerprintOf, type SshPublicKey } from "../../../protocol/trust/ssh-public-key.ts";
import { verifySshsig } from "../../../protocol/trust/sshsig.ts";

export interface KeygenOptions {
  readonly publicKey: SshPublicKey;
  /** The private key file, or "agent" when the SSH agent holds it. */
  readonly where: { readonly file: string } | "agent";
  readonly agentSocket?: string;
  /** False: fail at once instead of asking for a passphrase. */
  readonly interactive: boolean;
}

/** How long a person may take to type a passphrase or to touch a key, in milliseconds. */
const patience = 120_000;

/** Signs through `ssh-keygen -Y sign`; the message goes in by stdin, a passphrase only ever from terminal or agent. */
export function keygenSigner(options: KeygenOptions): Signer {
  return {
    publicKey: options.publicKey,
    sign: async (namespace, message) => {
      const armored =
        options.where === "agent"
          ? await withPublicKeyFile(options.publicKey, (file) => runKeygen(file, namespace, message, options))
          : await runKeygen(options.where.file, namespace, message, options);
      const verdict = verifySshsig(armored, namespace, message);
      if (!verdict.ok || verdict.signer.line !== options.publicKey.line) {
        const reason = verdict.ok ? "another key signed" : verdict.reason;
        throw new TunnelMeshError("TM_TRUST_SIGNING_FAILED", { detail: `${describe(options)}: ${reason}` });
      }
      return armored;
    },
  };
}

async function runKeygen(file: string, namespace: string, message: string, options: KeygenOptions): Promise<string> {
  const result = await execa("ssh-keygen", ["-Y", "sign", "-n", namespace, "-f", file], {
    input: message,
    reject: false,
    stripFinalNewline: false,
    timeout: patience,
    env: {
      LC_ALL: "C",
      ...(options.agentSocket === undefined ? {} : { SSH_AUTH_SOCK: options.agentSocket }),
      ...(options.interactive ? {} : { SSH_ASKPASS: "/bin/false", SSH_ASKPASS_REQUIRE: "force" }),
    },
  });
  if (result.exitCode === 0) return result.stdout;
  const why = result.timedOut ? "nobody answered in time" : lastLine(result.stderr ?? "") || result.message;
  throw new TunnelMeshError("TM_TRUST_SIGNING_FAILED", { detail: `${describe(options)}: ${why}` });
}

async function withPublicKeyFile<T>(key: SshPublicKey, use: (file: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(path.join(os.tmpdir(), "tm-admin-"));
  try {
    const file = path.join(folder, "admin.pub");
    await writeFile(file, `${key.line}\n`, { mode: 0o600 });
    return await use(file);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function describe({ publicKey, where }: KeygenOptions): string {
  return `${where === "agent" ? "SSH agent" : where.file}, ${fingerprintOf(publicKey)}`;
}

function lastLine(text: string): string {
  return text.trim().split("\n").at(-1) ?? "";
}
