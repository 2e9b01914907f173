// Reached hosts with their facts read and their release ready: what install and plan start from.

import { agentRequest, coordinatorRequest } from "../install/control.ts";
import { type HostFacts, readFacts } from "../install/facts.ts";
import { supportedArchitecture } from "../install/refusals.ts";
import type { Release } from "../release/build.ts";
import type { HostedMesh } from "./genesis.ts";
import type { HostOutcome, ReachedHost, UnreachedHost } from "./reach.ts";
import { currentRelease } from "./release.ts";
import { itemsReplySchema } from "./remote.ts";
import { settleAll } from "./report.ts";
import { type Run, reachedOf } from "./run.ts";

export interface PreparedHost extends ReachedHost {
  readonly facts: HostFacts;
  readonly release: Release;
  /** Nothing of this mesh was on the host when the run began. */
  readonly fresh: boolean;
  /** This run has changed something on the host already. */
  readonly touched: boolean;
}

/** Reads the facts of all reached hosts and builds what their architectures need. */
export async function prepareHosts(
  run: Run,
  outcomes: readonly HostOutcome[],
): Promise<{ readonly prepared: readonly PreparedHost[]; readonly unready: readonly UnreachedHost[] }> {
  const { signal, progress } = run.context;
  const settled = await settleAll(reachedOf(outcomes), run.parallel, signal, async (host): Promise<PreparedHost> => {
    const facts = await readFacts(host.connection, run.model.name, signal);
    const release = await currentRelease(supportedArchitecture(facts, host.member.name), (text) => progress.log(text));
    return { ...host, facts, release, fresh: facts.installed === undefined, touched: false };
  });
  return {
    prepared: settled.flatMap((one) => (one.ok ? [one.value] : [])),
    unready: [
      ...outcomes.filter((outcome) => outcome.kind === "unreached"),
      ...settled.flatMap((one) =>
        one.ok ? [] : [{ kind: "unreached" as const, member: one.of.member, error: one.error }],
      ),
    ],
  };
}

/** The meshes of this name that the hosts say they belong to; the coordinator's host is asked first. */
export function hostedMeshes(run: Run, prepared: readonly PreparedHost[]): readonly HostedMesh[] {
  const { signal } = run.context;
  const mesh = run.model.name;
  return prepared
    .filter(({ facts }) => facts.meshId !== undefined)
    .toSorted((left, right) => Number(right.member.role === "coordinator") - Number(left.member.role === "coordinator"))
    .map(({ member, connection, facts }) => ({
      host: member.name,
      meshId: facts.meshId ?? "",
      async items() {
        const reply =
          member.role === "coordinator"
            ? await coordinatorRequest(connection, mesh, { method: "items" }, signal)
            : await agentRequest(connection, mesh, { method: "items" }, signal);
        return itemsReplySchema.parse(reply).items;
      },
    }));
}
