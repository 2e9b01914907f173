// A host that shows another key than the known one: refused, unless somebody is there to say that it was rebuilt (tm rekey).
import { execa } from "execa";
import { isTunnelMeshError, TunnelMeshError } from "../../../protocol/errors/error.ts";
import type { ConnectOptions } from "./connection.ts";
import { type HostKeyKnowledge, hostKeyFingerprint, judgeHostKey } from "./host-key.ts";
import { appendKnownHost } from "./known-hosts.ts";

/**
 * As `judgeHostKey`, but a changed key is put to `confirmChangedHostKey` where there is one; known_hosts then has the new key.
 * @throws TunnelMeshError TM_SSH_HOST_KEY_UNKNOWN, TM_SSH_HOST_KEY_CHANGED
 */
export async function judgeShownKey(
  shown: string,
  address: string,
  knowledge: HostKeyKnowledge,
  options: Pick<ConnectOptions, "confirmHostKey" | "confirmChangedHostKey">,
): Promise<void> {
  const { confirmHostKey, confirmChangedHostKey } = options;
  try {
    await judgeHostKey(shown, address, knowledge, confirmHostKey);
  } catch (error) {
    const changed = isTunnelMeshError(error) && error.code === "TM_SSH_HOST_KEY_CHANGED";
    // One that somebody has revoked stays refused, whoever says yes.
    const revoked = knowledge.known.some((key) => key.revoked && key.line === shown);
    if (!changed || revoked || confirmChangedHostKey === undefined) throw error;
    const { target, pinned, known } = knowledge;
    const expected = pinned ?? known.find((key) => !key.revoked && !key.authority)?.line ?? "";
    const question = { target, address, hostKey: shown, fingerprint: hostKeyFingerprint(shown), expected };
    if (!(await confirmChangedHostKey(question))) throw error;
    if (pinned === undefined) await replaceKnownHost(knowledge, shown);
  }
}

/** ssh-keygen finds hashed names and lines of several names too, and keeps the old file beside the new one. */
async function replaceKnownHost({ name, known, options }: HostKeyKnowledge, shown: string): Promise<void> {
  const files = new Set(
    known.filter((key) => !key.revoked && !key.authority).map(({ place }) => place.replace(/:\d+$/, "")),
  );
  for (const one of files) {
    const { exitCode, stderr } = await execa("ssh-keygen", ["-R", name, "-f", one], { reject: false });
    if (exitCode === 0) continue;
    throw new TunnelMeshError("TM_SSH_HOST_KEY_CHANGED", {
      detail: `${one} still has the old key of ${name}: ${stderr.trim()}`,
      advice: [`Remove its line by hand, then run it again: ssh-keygen -R '${name}' -f ${one}`],
    });
  }
  const { newKeys, hash } = options;
  if (newKeys !== undefined) await appendKnownHost(newKeys, name, shown, hash);
}
