// tm token create: makes a token on this machine, signs what it allows into the log, and seals the network secret to it.
import { randomBytes } from "node:crypto";
import { TunnelMeshError } from "../../../protocol/errors/error.ts";
import { networkSecretSchema } from "../../../protocol/host/configuration.ts";
import { encodeJoinToken } from "../../../protocol/trust/join-token.ts";
import { type TokenKeys, tokenKeys } from "../../../protocol/trust/token-keys.ts";
import type { Wrap } from "../../../protocol/trust/token-entry.ts";
import { wrapNetworkSecret } from "../../../protocol/trust/wrapped-secret.ts";
import { readNetworkSecret } from "../install/network-secret.ts";
import { changeMesh, type MeshChange } from "./change-mesh.ts";
import { signCheckpoint } from "./checkpoint.ts";
import { reservedNames } from "./reserved.ts";
import type { CreateToken } from "./token-contract.ts";
import { tokenFields } from "./token-fields.ts";
import { checkTokenKnowledge } from "./token-knowledge.ts";

/** Makes a token; see the contract. Its seed is in this process's memory and in the result, and nowhere else. */
export const createToken: CreateToken = ({ uses, lifetime, ephemeral, ci, ...parameters }) =>
  changeMesh(parameters, { phase: "Making a token", everybody: true }, async (change) => {
    const { run, journal, coordinator, outcomes } = change;
    // Once the log has an entry of a token, whoever does not know tokens has stopped already.
    const unasked = journal.view.tokens.size === 0 ? await checkTokenKnowledge(run, outcomes) : [];
    const { view } = journal;
    const fields = tokenFields(view, parameters);
    const known = view.coordinator;
    if (known === undefined) throw new TunnelMeshError("TM_DEPLOY_NOT_DEPLOYED", { detail: run.model.name });
    await coordinator.setReserved(reservedNames(run.model));
    await signCheckpoint(journal, (text) => run.context.progress.log(text));
    const seed = new Uint8Array(randomBytes(32));
    // The layout of a token counts in minutes.
    const exp = Math.ceil((Math.floor(Date.now() / 1000) + lifetime) / 60) * 60;
    const keys = tokenKeys(seed, view.meshId);
    await journal.append({
      type: "token.add",
      tid: keys.tid,
      pub: Buffer.from(keys.pub).toString("hex"),
      wrapPub: Buffer.from(keys.wrap.publicKey).toString("hex"),
      exp,
      uses,
      ...fields,
      ephemeral,
      ci,
      wraps: await sealSecrets(change, keys),
    });
    const { key: coordinatorKey, urls } = known;
    const token = encodeJoinToken({ meshId: view.meshId, coordinatorKey, seed, exp, uses, ephemeral, urls });
    run.context.progress.row("token").done(keys.tid);
    const { groups } = fields;
    return { mesh: run.model.name, stage: run.model.stage, tid: keys.tid, token, expires: exp, uses, groups, unasked };
  });

/** Every generation of the network secret, read from the coordinator's host into memory and sealed to the token's key. */
async function sealSecrets({ run, journal, hub }: MeshChange, keys: TokenKeys): Promise<readonly Wrap[]> {
  const text = await readNetworkSecret(hub.connection, run.model.name, run.context.signal);
  const { generations } = networkSecretSchema.parse(JSON.parse(text));
  const wraps: Wrap[] = [];
  for (const one of generations) wraps.push(await wrapNetworkSecret(keys.wrap.publicKey, journal.view.meshId, one));
  return wraps;
}
