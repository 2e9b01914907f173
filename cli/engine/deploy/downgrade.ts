// Refuses to put a release on hosts that have a newer one already, unless that is wanted (life.md §6).
import { TunnelMeshError } from "../../../protocol/errors/error.ts";

/** A host's installed release, VERSION-HASH, undefined where there is none, and the version that a deploy brings. */
export interface ReleaseChange {
  readonly host: string;
  readonly installed: string | undefined;
  readonly version: string;
}

/** @throws TunnelMeshError TM_DEPLOY_DOWNGRADE naming the first host with a newer version */
export function refuseDowngrade(changes: readonly ReleaseChange[]): void {
  for (const { host, installed, version } of changes) {
    if (installed === undefined || compareVersions(version, installed) >= 0) continue;
    throw new TunnelMeshError("TM_DEPLOY_DOWNGRADE", { detail: `${host} has ${installed}, this is ${version}` });
  }
}

/** By MAJOR.MINOR.PATCH alone: builds of one version have no order. */
function compareVersions(left: string, right: string): number {
  const [one, other] = [numbersOf(left), numbersOf(right)];
  const index = one.findIndex((number, place) => number !== other[place]);
  return index < 0 ? 0 : (one[index] ?? 0) - (other[index] ?? 0);
}

function numbersOf(version: string): readonly number[] {
  return (/^(\d+)\.(\d+)\.(\d+)/.exec(version) ?? ["", "0", "0", "0"]).slice(1).map(Number);
}
