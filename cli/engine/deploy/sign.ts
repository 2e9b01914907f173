// tm sign: what a deploy of this stack needs an admin's signature for, signed into the mesh file for others to deploy (life.md §7).
import path from "node:path";
import { isTunnelMeshError, TunnelMeshError } from "../../../protocol/errors/error.ts";
import { type Journal, openJournal } from "./journal.ts";
import { askMember } from "./member-items.ts";
import { type MembershipChange, namesOf, planMembership } from "./membership.ts";
import { type Run, reachedOf, withRun } from "./run.ts";
import type { SignResult, SignStack } from "./sign-contract.ts";
import { knownKeys } from "./sign-known.ts";
import { coordinatorOf } from "./specification.ts";

/** Signs; see the contract. */
export const signStack: SignStack = (context) =>
  withRun(context, async (run) => {
    const { genesis } = await run.home.read();
    if (genesis === undefined) throw new TunnelMeshError("TM_DEPLOY_NOT_DEPLOYED", { detail: run.model.name });
    const lock = await run.home.lock();
    try {
      const journal = await openJournal(run.home, run.signer);
      context.progress.phase("Signing");
      const asked = await learnNewest(run, journal);
      return await sign(run, journal, asked);
    } finally {
      await lock.release();
    }
  });

async function sign(run: Run, journal: Journal, asked: boolean): Promise<SignResult> {
  const members = [...journal.view.members.values()];
  const { known, unknown } = knownKeys(run.model.members, members);
  const changes = planMembership(members, namesOf(run.model.members, known), known);
  for (const change of changes) {
    if (change.kind !== "revoke") continue;
    await journal.append({ type: "node.revoke", nid: change.before.nid, seq: change.before.grantSeq });
  }
  for (const change of changes) {
    if (change.kind !== "grant") continue;
    const { sshPublicKey, member } = change.reached;
    const { name, groups, routes } = member;
    await journal.grant([{ sshPublicKey, name, origin: "stack", groups, routes }]);
  }
  const granted = (...why: readonly string[]) =>
    changes.flatMap((change) => (change.kind === "grant" && why.includes(change.why) ? [change] : []));
  return {
    mesh: run.model.name,
    stage: run.model.stage,
    file: path.relative(run.context.loaded.projectFolder, run.home.file),
    granted: granted("new", "replaced").map(nameOf),
    changed: granted("changed").map(nameOf),
    renamed: granted("renamed").map((change) => ({ from: change.before?.name ?? "", to: nameOf(change) })),
    revoked: changes.flatMap((change) => (change.kind === "revoke" ? [change.before.name] : [])),
    unknown,
    asked,
  };
}

function nameOf({ reached }: Extract<MembershipChange, { kind: "grant" }>): string {
  return reached.member.name;
}

/** An entry on top of an old head would part the log; whoever cannot be asked is told about by git, at the latest. */
async function learnNewest(run: Run, journal: Journal): Promise<boolean> {
  const hub = coordinatorOf(run.model);
  const others = run.model.members.filter((member) => member !== hub);
  for (const members of [[hub], others]) {
    for (const { member, connection } of reachedOf(await run.reach(false, members))) {
      try {
        await journal.learn(await askMember(connection, run.model.name, run.context.signal));
        return true;
      } catch (error) {
        run.context.signal.throwIfAborted();
        if (!isTunnelMeshError(error) || error.code === "TM_TRUST_FORK") throw error;
        run.context.progress.log(`${member.name} could not be asked for its log: ${error.message}`);
      }
    }
  }
  return false;
}
