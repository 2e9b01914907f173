// A Terraform filesystem mirror that holds the stand-in provider, for where the real one cannot be fetched.
import { chmod, mkdir, writeFile } from "node:fs/promises";
import path from "node:path";

/** The provider's version that cdktf's bindings, the schemas and the fake API are made for. */
export const providerVersion = "2.71.0";

/** What Terraform starts; its bytes are the same everywhere, as their hash goes into the lock file. */
const script = `#!/bin/sh
exec "$TM_PROVIDER_NODE" --disable-warning=ExperimentalWarning --conditions=tunnelmesh-source "$TM_PROVIDER_PROGRAM"
`;

/** Registries that Terraform and OpenTofu ask by default. */
const registries = ["registry.terraform.io", "registry.opentofu.org"];

/** Makes the mirror in `folder`, anew where it stands. `platform` is like "linux_amd64". */
export async function makeProviderMirror(folder: string, platform: string): Promise<void> {
  for (const registry of registries) {
    const place = path.join(folder, registry, "digitalocean/digitalocean", providerVersion, platform);
    await mkdir(place, { recursive: true });
    const file = path.join(place, `terraform-provider-digitalocean_v${providerVersion}`);
    await writeFile(file, script);
    await chmod(file, 0o755);
  }
}

/** CLI configuration that takes the provider from `folder` and asks no registry for it; others are fetched as usual. */
export function mirrorConfiguration(folder: string): string {
  const include = registries.map((registry) => JSON.stringify(`${registry}/digitalocean/digitalocean`)).join(", ");
  return `provider_installation {
  filesystem_mirror {
    path    = ${JSON.stringify(folder)}
    include = [${include}]
  }
  direct {
    exclude = [${include}]
  }
}
`;
}
