// The admins' SSH keys in the account: one that is there is used as it is, one that is missing is added.
import { createHash } from "node:crypto";
import { DataDigitaloceanSshKeys } from "@cdktf/provider-digitalocean/lib/data-digitalocean-ssh-keys/index.js";
import { SshKey } from "@cdktf/provider-digitalocean/lib/ssh-key/index.js";
import type { TerraformStack } from "cdktf";
import { parseSshPublicKey } from "../../protocol/trust/ssh-public-key.ts";
import type { MeshModel } from "../model.ts";
import { resourceName } from "./members.ts";

export interface AccountKeys {
  /** MD5 of the key blob, as the service names keys. */
  readonly fingerprints: readonly string[];
  readonly resources: readonly SshKey[];
}

/**
 * The service takes a key once per account, under one name. A key is the mesh's own exactly when it is missing or bears the
 * name that the mesh would give it; any other is somebody's, is used, and outlives the mesh.
 */
export function addSshKeys(stack: TerraformStack, model: MeshModel): AccountKeys {
  const account = new DataDigitaloceanSshKeys(stack, "ssh-keys", {});
  account.overrideLogicalId("account");
  const keys = model.admins
    .map((line) => parseSshPublicKey(line))
    .map((key) => ({ line: key.line, fingerprint: md5Fingerprint(key.blob) }))
    .toSorted((left, right) => (left.fingerprint < right.fingerprint ? -1 : 1));
  const resources = keys.map(({ line, fingerprint }) => {
    const id = fingerprint.replaceAll(":", "").slice(0, 12);
    const name = resourceName(model.name, id, 255);
    const resource = new SshKey(stack, `ssh-key-${id}`, { name, publicKey: line });
    resource.overrideLogicalId(`admin_${id}`);
    const foreign = `[for key in ${account.fqn}.ssh_keys : key.fingerprint if key.name != "${name}"]`;
    resource.addOverride("count", `\${contains(${foreign}, "${fingerprint}") ? 0 : 1}`);
    return resource;
  });
  return { fingerprints: keys.map(({ fingerprint }) => fingerprint), resources };
}

/** "3b:16:…": MD5 over the key's wire form (RFC 4716 §4). */
export function md5Fingerprint(blob: Uint8Array): string {
  return createHash("md5")
    .update(blob)
    .digest("hex")
    .replace(/(..)(?!$)/g, "$1:");
}
