// Checkpoints: an admin's word for the members that came by a token, written when there are new ones (life.md §4).
import { isTunnelMeshError } from "../../../protocol/errors/error.ts";
import { nextCheckpoints } from "../../../protocol/trust/token-list.ts";
import type { Journal } from "./journal.ts";

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
    if (!isTunnelMeshError(error) || error.code !== "TM_TRUST_NO_ADMIN_KEY") throw error;
    log("members that came by a token are not confirmed yet: there is no admin's key here");
    return false;
  }
}
