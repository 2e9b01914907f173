// tm token revoke: nobody new joins by it from now on; with --nodes, those who did are let go.
import { TunnelMeshError } from "../../../protocol/errors/error.ts";
import type { MeshView, TokenState } from "../../../protocol/trust/member.ts";
import { listTokens } from "../../../protocol/trust/token-list.ts";
import { changeMesh, type MeshChange } from "./change-mesh.ts";
import { signCheckpoint } from "./checkpoint.ts";
import { authorizeOn } from "./ci-hosts.ts";
import { reachedOf } from "./run.ts";
import type { RevokeToken } from "./token-contract.ts";

/** Revokes a token; see the contract. */
export const revokeToken: RevokeToken = ({ tid: asked, nodes, ...context }) =>
  changeMesh(context, { phase: "Revoking a token", everybody: false }, async (change) => {
    const { run, journal, coordinator } = change;
    const { token, revoked } = findToken(journal.view, asked);
    const { tid } = token;
    const result = { mesh: run.model.name, stage: run.model.stage, tid };
    if (revoked === "nodes" || (revoked === "token" && !nodes))
      return { ...result, changed: false, removed: [], stillLogin: [] };
    const own = listTokens(journal.view, Math.floor(Date.now() / 1000)).find((one) => one.tid === tid);
    const members = nodes ? (own?.used.filter(({ member }) => member) ?? []) : [];
    // Those who stay are confirmed first: who comes later would not take the revoked token's word for them.
    if (!nodes) await signCheckpoint(journal, (text) => context.progress.log(text));
    const after = await journal.append({ type: "token.revoke", tid, nodes });
    // Those whom an admin has granted since stay, whatever becomes of the token.
    const gone = members.filter(({ nid }) => ![...after.members.keys()].some((one) => one === nid));
    for (const { nid } of gone) await coordinator.release(nid as Parameters<typeof coordinator.release>[0]);
    const stillLogin = token.ci ? await endLogin(change) : [];
    context.progress.row(tid).done("revoked");
    return { ...result, changed: true, removed: gone.map(({ name }) => name), stillLogin };
  });

/** Takes the token's line from every host of the stack that answers. */
async function endLogin({ run, journal, hub }: MeshChange): Promise<readonly string[]> {
  const others = await run.reach(
    false,
    run.model.members.filter(({ name }) => name !== hub.member.name),
  );
  const reached = [hub, ...reachedOf(others)].map(({ member: { name }, connection }) => ({ name, connection }));
  const failed = await authorizeOn(run, journal.view, reached);
  return [...others.flatMap((one) => (one.kind === "unreached" ? [one.member.name] : [])), ...failed];
}

/** By its id or the beginning of it. @throws TunnelMeshError TM_TOKEN_UNKNOWN */
export function findToken(view: Pick<MeshView, "tokens">, asked: string): TokenState {
  const found = [...view.tokens.values()].filter(({ token }) => token.tid.startsWith(asked.toLowerCase()));
  const [first] = found;
  if (first !== undefined && found.length === 1) return first;
  const detail = found.length === 0 ? asked : `${asked} is the beginning of ${found.length} tokens`;
  throw new TunnelMeshError("TM_TOKEN_UNKNOWN", { detail });
}
