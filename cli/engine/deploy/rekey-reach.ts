// Reaches a host that may show another key than the mesh has: each new key is put to somebody, or refused.
import type { MemberModel } from "../../../constructs/model.ts";
import { TunnelMeshError } from "../../../protocol/errors/error.ts";
import type { Member } from "../../../protocol/trust/member.ts";
import { parseSshPublicKey } from "../../../protocol/trust/ssh-public-key.ts";
import type { ConnectOptions, SshTarget } from "../ssh/connection.ts";
import { hostKeyFingerprint } from "../ssh/host-key.ts";
import { type ReachedHost, type ReachOptions, reachTarget, sshTarget } from "./reach.ts";
import type { RekeyParameters } from "./rekey-contract.ts";

/**
 * Reaches the host of `member`. A key that is not the member's goes through `confirmRebuilt` before anything else is done; one that
 * the stack pins is not asked about, as the stack has said what it must be.
 * @param described where the host is; `host.hostKey` only where the stack says it
 * @throws TunnelMeshError TM_DEPLOY_REKEY_REFUSED, TM_SSH_HOST_KEY_CHANGED, TM_SSH_HOST_KEY_UNKNOWN, TM_SSH_…
 */
export async function reachRebuilt(
  options: ReachOptions,
  member: Member,
  described: MemberModel,
  parameters: Pick<RekeyParameters, "hostKey" | "confirmRebuilt">,
): Promise<ReachedHost> {
  const given = parameters.hostKey === undefined ? undefined : parseSshPublicKey(parameters.hostKey).line;
  const target = await rebuiltTarget(described, options);
  let confirmed = false;
  const decide = async (shown: string, address: string, trusted: boolean): Promise<boolean> => {
    if (given !== undefined && shown !== given)
      throw refused(member, shown, `--host-key is ${hostKeyFingerprint(given)}`);
    const before = hostKeyFingerprint(member.sshPublicKey);
    const host = { name: member.name, address, before, now: hostKeyFingerprint(shown) };
    confirmed =
      shown === member.sshPublicKey ||
      (await parameters.confirmRebuilt({ ...host, trusted: trusted || shown === given }));
    return confirmed;
  };
  const { connectOptions } = options;
  const asking: ConnectOptions = {
    ...connectOptions,
    // A jump host on the way is no part of this: what is unknown there is asked as ever, what has changed is refused.
    confirmHostKey: async (question) =>
      question.target === target.target
        ? decide(question.hostKey, question.address, false)
        : (await connectOptions.confirmHostKey?.(question)) === true,
    confirmChangedHostKey: async (question) => {
      if (question.target !== target.target || target.hostKey !== undefined) return false;
      if (await decide(question.hostKey, question.address, false)) return true;
      // Its way out is this command's, not another look at known_hosts.
      throw refused(member, question.hostKey, "nobody said yes");
    },
  };
  const reached = await reachTarget(target, { ...options, connectOptions: asking });
  const { sshPublicKey: shown, connection } = reached;
  if (!confirmed && !(await decide(shown, connection.address, true))) throw refused(member, shown, "nobody said yes");
  return { kind: "reached", member: described, ...reached };
}

/** A droplet's place comes with the key that it had, which is in question here. */
async function rebuiltTarget(described: MemberModel, options: ReachOptions): Promise<SshTarget> {
  const places = {
    locals: new Map(),
    droplets: described.host.kind === "droplet" ? await options.droplets() : new Map(),
  };
  const target = sshTarget(described, places);
  if (described.host.kind !== "droplet") return target;
  const { hostKey: _, ...rest } = target;
  return rest;
}

function refused({ name, sshPublicKey }: Member, shown: string, why: string): TunnelMeshError {
  return new TunnelMeshError("TM_DEPLOY_REKEY_REFUSED", {
    detail: `${name} was ${hostKeyFingerprint(sshPublicKey)} and shows ${hostKeyFingerprint(shown)}; ${why}`,
  });
}
