// tm token list: the tokens of the mesh and who came by them, from the coordinator or any member.

import { tokensReplySchema } from "../../../protocol/control/admin.ts";
import { isTunnelMeshError, TunnelMeshError } from "../../../protocol/errors/error.ts";
import { agentRequest, coordinatorRequest } from "../install/control.ts";
import { deployedMesh } from "./members.ts";
import type { ReachedHost } from "./reach.ts";
import { type Run, reachedOf, withRun } from "./run.ts";
import { coordinatorOf } from "./specification.ts";
import type { ListTokens } from "./token-contract.ts";

/** Lists the tokens; see the contract. */
export const listTokens: ListTokens = (context) =>
  withRun(context, async (run) => {
    await deployedMesh(run);
    const hub = coordinatorOf(run.model);
    const others = run.model.members.filter((member) => member !== hub);
    const said =
      (await askFirst(run, reachedOf(await run.reach(false, [hub])))) ??
      (await askFirst(run, reachedOf(await run.reach(false, others))));
    if (said === undefined) throw new TunnelMeshError("TM_TOKEN_NOBODY_ASKED", { detail: run.model.name });
    return { mesh: run.model.name, stage: run.model.stage, tokens: tokensReplySchema.parse(said).tokens };
  });

async function askFirst(run: Run, hosts: readonly ReachedHost[]): Promise<unknown> {
  const { signal, progress } = run.context;
  for (const { member, connection } of hosts) {
    const ways = member.role === "coordinator" ? [coordinatorRequest, agentRequest] : [agentRequest];
    for (const ask of ways) {
      try {
        return await ask(connection, run.model.name, { method: "tokens" }, signal);
      } catch (error) {
        signal.throwIfAborted();
        if (!isTunnelMeshError(error)) throw error;
        progress.log(`${member.name} could not list tokens: ${error.message}`);
      }
    }
  }
  return undefined;
}
