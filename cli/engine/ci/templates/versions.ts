// What the generated configuration runs: actions by commit, as a tag can be moved, and the programs by version.

export const nodeVersion = "24";
export const terraformVersion = "1.11.4";
export const runner = "ubuntu-24.04";
export const gitlabImage = "node:24-bookworm";

const pins = {
  "actions/checkout": ["3d3c42e5aac5ba805825da76410c181273ba90b1", "v7.0.1"],
  "actions/setup-node": ["820762786026740c76f36085b0efc47a31fe5020", "v7.0.0"],
  "actions/upload-artifact": ["bbbca2ddaa5d8feaa63e36b76fdaad77386f024f", "v7.0.0"],
  "actions/download-artifact": ["3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c", "v8.0.1"],
  "hashicorp/setup-terraform": ["dfe3c3f87815947d99a8997f908cb6525fc44e9e", "v4.0.1"],
} as const satisfies Readonly<Record<string, readonly [string, string]>>;

/** "actions/checkout@COMMIT # v7.0.1" */
export function pinned(action: keyof typeof pins): string {
  const [commit, version] = pins[action];
  return `${action}@${commit} # ${version}`;
}
