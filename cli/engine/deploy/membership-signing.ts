// Carries out a membership plan: revocations first, then reservations and grants, each durable at home before it is sent.
import { parseIpv4 } from "../../../protocol/addresses/parse.ts";
import { signCheckpoint } from "./checkpoint.ts";
import type { Journal } from "./journal.ts";
import type { MembershipChange } from "./membership.ts";
import type { Coordinator } from "./remote.ts";
import { reservedNames } from "./reserved.ts";
import type { Run } from "./run.ts";

/** Signs what the plan says. Run again after a kill it goes on where it stopped: what is signed already is no change any more. */
export async function signMembership(
  { model, context, ci }: Pick<Run, "model" | "context" | "ci">,
  journal: Journal,
  coordinator: Coordinator,
  changes: readonly MembershipChange[],
): Promise<void> {
  await coordinator.setReserved(reservedNames(model));
  const token = await ci();
  if (token === undefined) await signCheckpoint(journal, (text) => context.progress.log(text));
  for (const change of changes) {
    if (change.kind !== "revoke") continue;
    const { nid, grantSeq } = change.before;
    await journal.append({ type: "node.revoke", nid, seq: grantSeq });
    await coordinator.release(nid);
  }
  const choices = [];
  for (const change of changes) {
    if (change.kind !== "grant") continue;
    const { nid, sshPublicKey, member } = change.reached;
    const { ip4 } = await coordinator.reserve(nid, member.name);
    choices.push({
      sshPublicKey,
      name: member.name,
      origin: "stack" as const,
      ip4: parseIpv4(ip4),
      groups: member.groups,
      routes: member.routes,
    });
  }
  if (token === undefined) await journal.grant(choices);
  else await journal.grantByToken(token, choices);
}
