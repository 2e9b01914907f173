// The first SSH to a new droplet (life.md §5): wait for it, have it prove the key of this very session, pin that key.
import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { hostKeyProofFile } from "../../../constructs/terraform/bootstrap.ts";
import { isTunnelMeshError, TunnelMeshError } from "../../../protocol/errors/error.ts";
import { parseSshPublicKey } from "../../../protocol/trust/ssh-public-key.ts";
import type { ProgressRow } from "../../output/progress.ts";
import type { Connect, ConnectOptions, HostConnection, SshTarget } from "../ssh/connection.ts";
import { hostKeyFingerprint } from "../ssh/host-key.ts";

export interface FirstContact {
  readonly name: string;
  readonly target: SshTarget;
  /** Undefined: lost. */
  readonly nonce: string | undefined;
  /** Given by the admin (--host-key): then that is the key, and there is nothing to prove. */
  readonly hostKey: string | undefined;
  readonly connect: Connect;
  readonly options: ConnectOptions;
  readonly row: ProgressRow;
  readonly signal: AbortSignal;
  /** Milliseconds; the defaults are for droplets. */
  readonly patience?: { readonly answer: number; readonly proof: number };
}

const droplets = { answer: 300_000, proof: 60_000 };
const pace = 2_000;
const proofLimit = 16_384;
/** What a machine that still boots says. */
const notYet = new Set<string>([
  "TM_SSH_REFUSED",
  "TM_SSH_TIMEOUT",
  "TM_SSH_NO_ROUTE",
  "TM_SSH_HANDSHAKE",
  "TM_SSH_AUTH",
]);

/**
 * Takes whatever key the host shows for the time being, logs in by public key alone and without forwarding an agent, and reads the
 * proof before anything else. Nothing is asked on a terminal and nothing goes into known_hosts.
 * @returns the host key, to be pinned
 * @throws TunnelMeshError TM_CLOUD_PROOF, TM_CLOUD_PROOF_MISSING, TM_SSH_…
 */
export async function meetDroplet(contact: FirstContact): Promise<string> {
  const { name, nonce, row, hostKey: given, signal } = contact;
  const patience = contact.patience ?? droplets;
  row.update("waiting for SSH");
  const connection = await connectInTime(contact, patience.answer);
  try {
    const { hostKey } = connection;
    if (given !== undefined) {
      if (parseSshPublicKey(given).line === hostKey) return hostKey;
      throw mismatch(name, hostKey, `--host-key is ${hostKeyFingerprint(parseSshPublicKey(given).line)}`);
    }
    if (nonce === undefined) {
      row.update(`pinned ${hostKeyFingerprint(hostKey)} without a proof, as its nonce is not here`);
      return hostKey;
    }
    row.update("reading the proof of its host key");
    const proof = await readProof(connection, name, patience.proof, signal);
    const verdict = judgeProof(proof, nonce, hostKey);
    if (verdict === "proved") return hostKey;
    throw mismatch(name, hostKey, verdict === "other" ? "the proof is of another key" : "no proof is of this type");
  } finally {
    connection.close();
  }
}

/**
 * What a droplet's proof says about the key of a session: lines "TYPE SHA256HEX", each over the nonce's 64 digits and the key's
 * line "TYPE BASE64".
 */
export function judgeProof(proof: string, nonce: string, hostKey: string): "proved" | "other" | "absent" {
  const [type = ""] = hostKey.split(" ");
  const expected = createHash("sha256").update(`${nonce}${hostKey}`).digest("hex");
  const sums = proof.split("\n").flatMap((line) => {
    const [of, sum, ...more] = line.trim().split(" ");
    return of === type && sum !== undefined && more.length === 0 ? [sum] : [];
  });
  if (sums.length === 0) return "absent";
  return sums.includes(expected) ? "proved" : "other";
}

async function connectInTime({ connect, target, options, signal }: FirstContact, patience: number) {
  const { confirmHostKey: _, confirmChangedHostKey: __, askSecret, ...quiet } = options;
  // A passphrase opens a key of this machine, and says nothing to the host; passwords are for hosts that are known.
  const asked = askSecret === undefined ? {} : { askSecret };
  const began = performance.now();
  for (;;) {
    signal.throwIfAborted();
    try {
      return await connect({ ...target, firstContact: true }, { ...quiet, ...asked, signal });
    } catch (error) {
      if (signal.aborted || !isTunnelMeshError(error) || !notYet.has(error.code)) throw error;
      if (performance.now() - began > patience) throw error;
    }
    await sleep(pace, undefined, { signal });
  }
}

async function readProof(
  connection: HostConnection,
  name: string,
  patience: number,
  signal: AbortSignal,
): Promise<string> {
  const end = performance.now() + patience;
  for (;;) {
    const command = `head -c ${proofLimit} ${hostKeyProofFile}`;
    const { code, stdout } = await connection.run(command, { root: true, signal, timeout: 15_000 });
    if (code === 0 && stdout.trim() !== "") return stdout;
    if (performance.now() > end) throw new TunnelMeshError("TM_CLOUD_PROOF_MISSING", { detail: name });
    await sleep(1_000, undefined, { signal });
  }
}

function mismatch(name: string, hostKey: string, why: string): TunnelMeshError {
  return new TunnelMeshError("TM_CLOUD_PROOF", { detail: `${name} shows ${hostKeyFingerprint(hostKey)}; ${why}` });
}
