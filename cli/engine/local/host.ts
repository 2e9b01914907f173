// The contract of machines made here: containers that answer SSH (localhost.md).

export interface LocalHostSpec {
  /** Host name, also the node's name. */
  readonly name: string;
  readonly nat: "none" | "port-restricted";
  readonly internet: boolean;
}

/** A running local host. */
export interface LocalHostInfo {
  readonly name: string;
  readonly network: string;
  readonly nat: "none" | "port-restricted";
  readonly internet: boolean;
  /** Where its sshd answers from this machine; user root, port 22. */
  readonly address: string;
  /** "ssh-ed25519 AAAA…": made by us, so it needs no question. */
  readonly hostKey: string;
  readonly state: "running" | "dead";
  /** Packages of this machine changed since the host was made: it sees old files beside new ones and should be made again. */
  readonly outdated: boolean;
}

/** What `tm doctor --fix` found of hosts that nobody runs any more. */
export interface LocalLeftover {
  readonly kind: "mount" | "namespace" | "interface" | "cgroup" | "process" | "folder" | "registration" | "nftables";
  readonly name: string;
  readonly removed: boolean;
}

/** Made by cli/engine/local/…. `network` is the mesh's name: its hosts share a router namespace. */
export interface LocalHosts {
  /** Makes the missing ones in parallel, leaves running ones alone; waits until sshd answers. */
  up(
    network: string,
    specs: readonly LocalHostSpec[],
    options: {
      authorizedKeys: readonly string[];
      signal?: AbortSignal;
      onProgress?: (host: string, text: string) => void;
    },
  ): Promise<LocalHostInfo[]>;
  list(network?: string): Promise<LocalHostInfo[]>;
  /** Removes hosts without a trace; all of the network when `names` is left out. Idempotent. */
  remove(
    network: string,
    names?: readonly string[],
    options?: { onProgress?: (host: string, text: string) => void },
  ): Promise<string[]>;
  /** Leftovers of killed runs and reboots; with `fix` removes them. */
  leftovers(options: { fix: boolean }): Promise<LocalLeftover[]>;
}
