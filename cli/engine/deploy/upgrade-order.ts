// In which order hosts go to another release: the coordinator, one canary, the rest; pure, so that plan and deploy agree.
import { TunnelMeshError } from "../../../protocol/errors/error.ts";
import { isUpgrade } from "../install/plan.ts";
import { releaseName } from "../install/specification.ts";
import type { UpgradeStep } from "./contract.ts";
import type { PreparedHost } from "./hosts.ts";

type Candidate = Pick<PreparedHost, "member" | "facts" | "release">;

/** Says whether this host runs another release than the one that is deployed. */
export function changesRelease({ facts, release }: Pick<Candidate, "facts" | "release">): boolean {
  return isUpgrade(facts, releaseName(release));
}

/**
 * The steps of an upgrade, empty where no host changes its release. Hosts that are installed for the first time come with the rest:
 * a release that is not healthy should not spread to them either. The canary is the one that was named, else of the nodes that
 * change the one with the fewest duties (routes, names that the stack gives it), by name among equals.
 * @throws TunnelMeshError TM_UPGRADE_CANARY when the named one is no node among `hosts`
 */
export function planUpgrade(hosts: readonly Candidate[], named: string | undefined): readonly UpgradeStep[] {
  const nodes = hosts.filter(({ member }) => member.role === "node");
  if (named !== undefined && !nodes.some(({ member }) => member.name === named)) {
    throw new TunnelMeshError("TM_UPGRADE_CANARY", { detail: named });
  }
  const changing = hosts.filter(changesRelease);
  if (changing.length === 0) return [];
  const coordinators = changing.filter(({ member }) => member.role === "coordinator");
  const upgraded = nodes.filter(changesRelease).toSorted(byDuties);
  const canary = upgraded.find(({ member }) => member.name === named) ?? upgraded[0];
  const rest = nodes.filter((host) => host !== canary && (changesRelease(host) || host.facts.installed === undefined));
  const steps: readonly UpgradeStep[] = [
    { step: "coordinator", hosts: namesOf(coordinators) },
    { step: "canary", hosts: namesOf(canary === undefined ? [] : [canary]) },
    { step: "rest", hosts: namesOf(rest) },
  ];
  return steps.filter((step) => step.hosts.length > 0);
}

function byDuties(left: Candidate, right: Candidate): number {
  return duties(left) - duties(right) || left.member.name.localeCompare(right.member.name, "en");
}

function duties({ member }: Candidate): number {
  return member.routes.length + member.dnsNames.length;
}

function namesOf(hosts: readonly Candidate[]): readonly string[] {
  return hosts.map(({ member }) => member.name).toSorted((left, right) => left.localeCompare(right, "en"));
}
