// tm token create: makes a token on this machine, and signs what it allows into the log with the network secret sealed to it.
import { randomBytes } from "node:crypto";
import { z } from "zod";
import { TunnelMeshError } from "../../../protocol/errors/error.ts";
import { hostPaths } from "../../../protocol/host/paths.ts";
import { makeToken, wrapPubOf } from "../../../protocol/trust/make-token.ts";
import { type Wrap, wrapSchema } from "../../../protocol/trust/token-entry.ts";
import { quote } from "../ssh/quote.ts";
import { changeMesh, type MeshChange } from "./change-mesh.ts";
import { signCheckpoint } from "./checkpoint.ts";
import { authorizeOn } from "./ci-hosts.ts";
import { reservedNames } from "./reserved.ts";
import { reachedOf } from "./run.ts";
import type { CreateToken } from "./token-contract.ts";
import { strangeGroups, tokenFields } from "./token-fields.ts";
import { checkTokenKnowledge } from "./token-knowledge.ts";

const wrapsSchema = z.object({ wraps: z.array(wrapSchema).min(1) });

/** Makes a token; see the contract. Its seed is in this process's memory and in the result, and nowhere else. */
export const createToken: CreateToken = ({ uses, lifetime, ephemeral, ci, ...parameters }) =>
  changeMesh(parameters, { phase: "Making a token", everybody: true }, async (change) => {
    const { run, journal, coordinator, outcomes } = change;
    // Once the log has an entry of a token, whoever does not know tokens has stopped already.
    const unasked = journal.view.tokens.size === 0 ? await checkTokenKnowledge(run, outcomes) : [];
    const { meshId, coordinator: known } = journal.view;
    const fields = tokenFields(journal.view, parameters);
    if (known === undefined) throw new TunnelMeshError("TM_DEPLOY_NOT_DEPLOYED", { detail: run.model.name });
    await coordinator.setReserved(reservedNames(run.model));
    await signCheckpoint(journal, (text) => run.context.progress.log(text));
    const seed = new Uint8Array(randomBytes(32));
    const { text, entry } = makeToken({
      meshId,
      coordinatorKey: known.key,
      urls: known.urls,
      seed,
      // The layout of a token counts in minutes.
      exp: Math.ceil((Math.floor(Date.now() / 1000) + lifetime) / 60) * 60,
      uses,
      ephemeral,
      ci,
      ...fields,
      wraps: await sealSecrets(change, wrapPubOf(seed, meshId)),
    });
    // The entry is on the disk and with the coordinator before anybody sees the token.
    await journal.append(entry);
    const withoutLogin = ci ? await allowLogin(change) : [];
    const { tid, exp, groups } = entry;
    run.context.progress.row("token").done(tid);
    const { name: mesh, stage } = run.model;
    const strange = strangeGroups(run.model, groups);
    return { mesh, stage, tid, token: text, expires: exp, uses, groups, unasked, strangeGroups: strange, withoutLogin };
  });

/** A runner has no other key than its token. Gives the names of members that do not take it yet: the next deploy sees to them. */
async function allowLogin({ run, journal, outcomes }: MeshChange): Promise<readonly string[]> {
  const reached = reachedOf(outcomes).map(({ member: { name }, connection }) => ({ name, connection }));
  const failed = await authorizeOn(run, journal.view, reached);
  return [...outcomes.flatMap((outcome) => (outcome.kind === "unreached" ? [outcome.member.name] : [])), ...failed];
}

/** Every generation of the network secret, sealed to the token's key on the coordinator's host: it does not leave that host. */
async function sealSecrets({ run, hub }: MeshChange, wrapPub: string): Promise<readonly Wrap[]> {
  const { current } = hostPaths(run.model.name);
  const command = `exec ${quote(`${current}/node`)} ${quote(`${current}/agent.mjs`)} wrap --mesh ${quote(run.model.name)}`;
  const said = await hub.connection.check(command, { root: true, stdin: `${wrapPub}\n`, signal: run.context.signal });
  const parsed = wrapsSchema.safeParse(JSON.parse(said));
  if (!parsed.success) throw new TunnelMeshError("TM_INSTALL_REPLY", { detail: `${hub.member.name}, wrap` });
  return parsed.data.wraps;
}
