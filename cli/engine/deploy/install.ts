// Installs one member's host: what it should have, the difference to what it has, the steps.
import { type InstallPlan, planInstall } from "../install/plan.ts";
import type { HostConnection } from "../ssh/connection.ts";
import type { HostState } from "./contract.ts";
import type { RunningCoordinator } from "./coordinator.ts";
import type { PreparedHost } from "./hosts.ts";
import type { Journal } from "./journal.ts";
import type { Run } from "./run.ts";
import { sharesSecret } from "./secret.ts";
import { bootstrapFile, specificationOf } from "./specification.ts";
import { installOrRollBack } from "./upgrade.ts";

export interface InstalledHost {
  readonly name: string;
  readonly coordinator: boolean;
  readonly connection: HostConnection;
  readonly state: Exclude<HostState, "failed" | "removed">;
}

/** Installs what is missing or other on one host; an unchanged host is not touched. */
export async function installMember(
  run: Run,
  journal: Journal,
  host: PreparedHost,
  coordinator: RunningCoordinator,
): Promise<InstalledHost> {
  const { progress } = run.context;
  const row = progress.row(host.member.name);
  row.update("comparing");
  const secret = sharesSecret(host, coordinator.hub) ? undefined : await coordinator.networkSecret();
  const specification = specificationOf(journal.view, bootstrapFile(journal.items), host, {
    agent: true,
    ...(secret === undefined ? {} : { secret }),
  });
  const plan: InstallPlan = planInstall(host.facts, specification);
  if (plan.changes) await installOrRollBack(run, host, plan);
  return {
    name: host.member.name,
    coordinator: host.member.role === "coordinator",
    connection: host.connection,
    state: !plan.changes && !host.touched ? "unchanged" : host.fresh ? "installed" : "updated",
  };
}
