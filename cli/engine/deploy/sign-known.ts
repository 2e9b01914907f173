// Whose host keys are known without reaching a host: members' from their grants, new ones' where the stack pins them.
import type { MemberModel } from "../../../constructs/model.ts";
import type { Member } from "../../../protocol/trust/member.ts";
import { nodeIdOf, parseSshPublicKey } from "../../../protocol/trust/ssh-public-key.ts";
import type { ReachedMember } from "./membership.ts";

export interface KnownKeys {
  readonly known: readonly ReachedMember[];
  readonly unknown: readonly string[];
}

/** @throws TunnelMeshError TM_TRUST_PUBLIC_KEY where a key of the stack does not parse */
export function knownKeys(stack: readonly MemberModel[], members: readonly Member[]): KnownKeys {
  const byName = new Map(members.map((member) => [member.name, member]));
  const known: ReachedMember[] = [];
  const unknown: string[] = [];
  for (const member of stack) {
    const { name, formerly, host } = member;
    const pinned = host.kind === "ssh" ? host.hostKey : undefined;
    const held = byName.get(name) ?? (formerly === undefined ? undefined : byName.get(formerly));
    const line = pinned ?? held?.sshPublicKey;
    if (line === undefined) {
      unknown.push(name);
      continue;
    }
    const key = parseSshPublicKey(line);
    known.push({ member, nid: nodeIdOf(key), sshPublicKey: key.line });
  }
  return { known, unknown };
}
