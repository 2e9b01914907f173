// Takes the mesh off hosts that are no members any more, where they can be reached; the others are listed and block nothing.
import { TunnelMeshError } from "../../../protocol/errors/error.ts";
import { uninstall } from "../install/uninstall.ts";
import type { HostResult } from "./contract.ts";
import type { KnownHost } from "./known-hosts.ts";
import { reachTarget } from "./reach.ts";
import { reportError, settleAll } from "./report.ts";
import type { Run } from "./run.ts";

/** Uninstalls the named members' hosts from where they were known last. */
export async function removeRevoked(
  run: Run,
  names: readonly string[],
  known: Readonly<Record<string, KnownHost | undefined>>,
): Promise<readonly HostResult[]> {
  if (names.length === 0) return [];
  run.context.progress.phase("Removing");
  const settled = await settleAll(names, run.parallel, run.context.signal, (name) =>
    removeHost(run, name, known[name]),
  );
  return settled.map((one) => (one.ok ? one.value : { name: one.of, state: "failed", error: reportError(one.error) }));
}

/** A local host goes altogether; any other loses what was installed. */
async function removeHost(run: Run, name: string, known: KnownHost | undefined): Promise<HostResult> {
  const { progress, signal } = run.context;
  const row = progress.row(name);
  row.update("uninstalling");
  if (known === undefined || known.kind === "local") {
    const hosts = await run.reachOptions.local();
    const mine = await hosts.list(run.model.name);
    if (mine.some((host) => host.name === name)) {
      await hosts.remove(run.model.name, [name]);
      row.done("removed");
      return { name, state: "removed" };
    }
  }
  if (known === undefined) {
    row.skip("revoked; where its host is, nobody knows");
    const advice = [`On that machine: sudo tm leave --local --mesh ${run.model.name}`];
    throw new TunnelMeshError("TM_DEPLOY_APART", { detail: name, advice });
  }
  if (known.droplet === true && !(await run.reachOptions.droplets()).has(name)) {
    row.done("its droplet is gone");
    return { name, state: "removed" };
  }
  const { target, port, hostKey } = known;
  const reached = await reachTarget({ target, hostKey, ...(port === undefined ? {} : { port }) }, run.reachOptions);
  await uninstall(reached.connection, run.model.name, { signal });
  row.done("uninstalled");
  return { name, address: reached.connection.address, state: "removed" };
}
