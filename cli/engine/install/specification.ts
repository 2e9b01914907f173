// What a host should have installed, as whoever deploys says it.
import type { AgentConfiguration, CoordinatorConfiguration } from "../../../protocol/host/configuration.ts";

/** A release on the admin's disk. */
export interface InstallRelease {
  readonly version: string;
  readonly hash: string;
  readonly architecture: "x64" | "arm64";
  readonly folder: string;
}

/** What a host should have. A part that is left out: the agent stays as it is, a coordinator is removed. */
export interface InstallSpec {
  readonly mesh: string;
  readonly meshId: string;
  /** The mesh's IPv4 range: no route of the host may overlap it. */
  readonly range: string;
  readonly release: InstallRelease;
  readonly agent?: AgentConfiguration;
  readonly coordinator?: CoordinatorConfiguration;
  /** Content of the mesh file that the services start from. */
  readonly meshFile: string;
  /** Content of network-secret.json; left out where the host has it, or where only a plan is made. Never printed. */
  readonly networkSecret?: string;
}

/** The services of a host, in the order in which they start. */
export type Service = "coordinator" | "agent";

/** "1.2.3-0123456789abcdef": the release's folder on a host. */
export function releaseName({ version, hash }: InstallRelease): string {
  return `${version}-${hash.slice(0, 16)}`;
}
