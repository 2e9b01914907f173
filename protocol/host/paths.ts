// Where things lie on a host (architecture.md §5, life.md §8). MESH is the genesis' name, STACK-STAGE.

/** Paths of one mesh on a host; pure text, nothing is touched. */
export interface HostPaths {
  /** Shared by all meshes: releases/VERSION-HASH/. */
  readonly releases: string;
  /** Symbolic link to the release in use, switched atomically. */
  readonly current: string;
  /** Symbolic link to the release used before. */
  readonly previous: string;
  readonly configuration: string;
  readonly agentConfiguration: string;
  readonly coordinatorConfiguration: string;
  /** Genesis and admin-signed lines at the time of install; the agent pins the mesh id, not this file. */
  readonly meshFile: string;
  /** What was installed: plan digest of the last completed install, for "nothing to change". */
  readonly installRecord: string;
  /** Folder: what the release before the present one started from, for going back to it. */
  readonly keptConfiguration: string;
  readonly agentState: string;
  readonly coordinatorState: string;
  /** In agentState, 0600, never read by the coordinator. */
  readonly networkSecret: string;
  /** Control socket of the agent, mode 0660, root and group tunnelmesh. */
  readonly agentSocket: string;
  /** Admin socket of the coordinator, mode 0660, its user and group tunnelmesh. */
  readonly coordinatorSocket: string;
  readonly agentUnit: string;
  readonly coordinatorUnit: string;
}

/** Gives the paths of mesh `name`. */
export function hostPaths(name: string): HostPaths {
  const home = `/opt/tunnelmesh/${name}`;
  const configuration = `/etc/tunnelmesh/${name}`;
  const state = `/var/lib/tunnelmesh/${name}`;
  return {
    releases: "/opt/tunnelmesh/releases",
    current: `${home}/current`,
    previous: `${home}/previous`,
    configuration,
    agentConfiguration: `${configuration}/agent.json`,
    coordinatorConfiguration: `${configuration}/coordinator.json`,
    meshFile: `${configuration}/mesh.jsonl`,
    installRecord: `${configuration}/install.json`,
    keptConfiguration: `${configuration}/previous`,
    agentState: `${state}/agent`,
    coordinatorState: `${state}/coordinator`,
    networkSecret: `${state}/agent/network-secret.json`,
    agentSocket: `/run/tunnelmesh/${name}.sock`,
    coordinatorSocket: `/run/tunnelmesh-coordinator/${name}/admin.sock`,
    agentUnit: `tunnelmesh-agent@${name}.service`,
    coordinatorUnit: `tunnelmesh-coordinator@${name}.service`,
  };
}
