// Reads an SSH public key that a stack names, and says why when it is none.
import { isTunnelMeshError } from "../../protocol/errors/error.ts";
import { parseSshPublicKey, type SshPublicKey } from "../../protocol/trust/ssh-public-key.ts";

/** The key of a line "TYPE BASE64 COMMENT", or one sentence why it is none. */
export function readPublicKey(line: string): SshPublicKey | string {
  try {
    return parseSshPublicKey(line.trim().replaceAll(/\s+/g, " "));
  } catch (error) {
    if (!isTunnelMeshError(error)) throw error;
    return error.detail ?? error.message;
  }
}
