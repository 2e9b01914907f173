// Checkpoints: an admin's word for the members that came by a token, written when there are new ones (life.md §4).
import { isTunnelMeshError } from "../../../protocol/errors/error.ts";
import { nextCheckpoints } from "../../../protocol/trust/token-list.ts";
import type { Journal } from "./journal.ts";

/** No admin's key is here, or nobody to say its passphrase. */
const noKey: readonly string[] = ["TM_TRUST_NO_ADMIN_KEY", "TM_TRUST_SIGNING_FAILED"];

/**
 * Signs what brings the checkpoint in line with the members; nothing where it is. What only confirms others does not stop a run
 * that has no admin's key.
 * @returns whether something was signed
 */
export async function signCheckpoint(journal: Journal, log: (text: string) => void): Promise<boolean> {
  const entries = nextCheckpoints(journal.view, Math.floor(Date.now() / 1000));
  try {
    for (const entry of entries) await journal.append(entry);
    return entries.length > 0;
  } catch (error) {
    if (!isTunnelMeshError(error) || !noKey.includes(error.code)) throw error;
    log(`members that came by a token are not confirmed yet: ${error.message}`);
    return false;
  }
}
