// The contract between everything that works on a host and the SSH connection it works through.
import type { Duplex, Readable } from "node:stream";
import type { OfferedKey } from "./offered-key.ts";

/** A host as a stack or a command line names it. */
export interface SshTarget {
  /** "user@host", "host", or an alias of ~/.ssh/config. */
  readonly target: string;
  readonly port?: number;
  /** Pinned host key, one line "ssh-ed25519 AAAA…": then known_hosts is not asked. */
  readonly hostKey?: string;
  /** The host is new and proves its key after the login: any key is taken and none is kept, and only public keys log in. */
  readonly firstContact?: true;
}

export interface RunOptions {
  readonly stdin?: string | Uint8Array | Readable;
  /** Run as root: directly where the user is root, else through sudo. */
  readonly root?: boolean;
  /** Milliseconds; 60 000 when left out, Infinity for none. */
  readonly timeout?: number;
  readonly signal?: AbortSignal;
  readonly onStdout?: (chunk: Buffer) => void;
  readonly onStderr?: (chunk: Buffer) => void;
  /** False: output goes to onStdout and onStderr alone, however much it is, and the result holds none. */
  readonly collect?: boolean;
}

export interface RunResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** One authenticated connection to one host, reused for everything; closed by whoever opened it. */
export interface HostConnection {
  /** As the stack named it. */
  readonly target: string;
  /** The address connected to; behind a ProxyJump the jump's view of it. */
  readonly address: string;
  readonly viaProxy: boolean;
  readonly user: string;
  /** The host key that this session proved: "ssh-ed25519 AAAA…", without comment. */
  readonly hostKey: string;
  /** Runs a shell command. Never put a secret into it: secrets go through stdin. A non-zero code is a result, not an error. */
  run(command: string, options?: RunOptions): Promise<RunResult>;
  /** As `run`, but a non-zero code throws TM_SSH_COMMAND_FAILED with what stderr said. Returns stdout. */
  check(command: string, options?: RunOptions): Promise<string>;
  /** Writes a file as root: temporary file, fsync, rename; `mode` as 0o600. */
  writeFile(
    path: string,
    content: string | Uint8Array,
    options: { mode: number; owner?: string; signal?: AbortSignal },
  ): Promise<void>;
  /** A stream to a Unix socket on the host, as root where needed. */
  openSocket(path: string, signal?: AbortSignal): Promise<Duplex>;
  close(): void;
}

export interface ConnectOptions {
  readonly signal?: AbortSignal;
  /** Keys that lie in no file, offered first; `label` is what an error calls them. */
  readonly heldKeys?: readonly (OfferedKey & { readonly label: string })[];
  /** Further private key files to offer, tried before the default ones. */
  readonly identityFiles?: readonly string[];
  /** Asks on the terminal whether an unknown host key is right; absent = never (no terminal, --yes, --no-input). */
  readonly confirmHostKey?: (question: {
    target: string;
    address: string;
    hostKey: string;
    fingerprint: string;
  }) => Promise<boolean>;
  /**
   * Asks whether a host that shows another key than the expected one was rebuilt; absent = refused. Only tm rekey has it. A yes
   * replaces the key in known_hosts.
   */
  readonly confirmChangedHostKey?: (question: {
    target: string;
    address: string;
    hostKey: string;
    fingerprint: string;
    /** The known or pinned key line. */
    expected: string;
  }) => Promise<boolean>;
  /** Asks for a passphrase or password on the terminal; absent = never. */
  readonly askSecret?: (prompt: string) => Promise<string>;
  /** Milliseconds for TCP and handshake; 15 000 when left out. */
  readonly timeout?: number;
  /** Home folder whose .ssh is used; the user's when left out. */
  readonly home?: string;
  readonly onProgress?: (text: string) => void;
}

/** Made by cli/engine/ssh/connect.ts. @throws TunnelMeshError TM_SSH_… */
export type Connect = (target: SshTarget, options?: ConnectOptions) => Promise<HostConnection>;
