// Checks what `tm local up` is given: names of hosts, and keys that may log in.
import { readdirSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import { dnsLabel } from "../../../constructs/synth/schema.ts";
import { TunnelMeshError } from "../../../protocol/errors/error.ts";
import { parseSshPublicKey } from "../../../protocol/trust/ssh-public-key.ts";

/** @throws TunnelMeshError TM_USAGE when one is no DNS label or is there twice */
export function checkHostNames(names: readonly string[]): readonly string[] {
  for (const [index, name] of names.entries()) {
    if (!dnsLabel.test(name)) throw new TunnelMeshError("TM_USAGE", { detail: `${name} is not a host name` });
    if (names.indexOf(name) !== index) throw new TunnelMeshError("TM_USAGE", { detail: `${name} is there twice` });
  }
  return names;
}

/**
 * The public keys of `file`, or all of ~/.ssh.
 * @throws TunnelMeshError TM_USAGE when there is none
 */
export function readAuthorizedKeys(file: string | undefined, cwd: string): string[] {
  if (file !== undefined) return [readKey(path.resolve(cwd, file))];
  const folder = path.join(homedir(), ".ssh");
  const found = namesIn(folder).filter((name) => name.endsWith(".pub") && !name.endsWith("-cert.pub"));
  if (found.length > 0) return found.map((name) => readKey(path.join(folder, name)));
  throw new TunnelMeshError("TM_USAGE", {
    detail: `there is no public key in ${folder} that could log in`,
    advice: ["Make one: ssh-keygen -t ed25519", "Or name one: tm local up NAME --key FILE.pub"],
  });
}

function readKey(file: string): string {
  let content: string;
  try {
    content = readFileSync(file, "utf8");
  } catch (cause) {
    throw new TunnelMeshError("TM_USAGE", { detail: `${file} cannot be read`, cause });
  }
  return parseSshPublicKey(content).line;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
