// Which SSH keys a run offers to hosts, and which one signs as admin.
import os from "node:os";
import path from "node:path";
import type { Signer } from "../../../protocol/trust/signing.ts";
import { parseSshPublicKey } from "../../../protocol/trust/ssh-public-key.ts";
import { chooseAdminSigner } from "../trust/admin-signer.ts";
import { listKeyFiles } from "../trust/key-files.ts";
import type { EngineContext } from "./contract.ts";

/** Where a project keeps keys of its own, as the quickstart does; beside stack.ts or at the top of the project. */
function keyFolders(context: EngineContext): readonly string[] {
  const { projectFolder, stackFile } = context.loaded;
  return [...new Set([path.join(projectFolder, "keys"), path.join(path.dirname(stackFile), "keys")])];
}

/** Private key files that log in to hosts before the user's own are tried: --admin-key, and the project's admin keys. */
export async function loginKeys(context: EngineContext): Promise<readonly string[]> {
  const admins = new Set(context.loaded.model.admins.map((line) => parseSshPublicKey(line).line));
  const found = (await Promise.all(keyFolders(context).map(listKeyFiles))).flat();
  const own = found.filter(({ publicKey }) => admins.has(publicKey.line)).map(({ file }) => file);
  return [...new Set([...(context.adminKey === undefined ? [] : [context.adminKey]), ...own])];
}

/** The admin's signer among the keys in force. @throws TunnelMeshError TM_TRUST_NO_ADMIN_KEY, TM_TRUST_NOT_ADMIN */
export function adminSigner(context: EngineContext, admins: readonly string[]): Promise<Signer> {
  const agentSocket = process.env["SSH_AUTH_SOCK"];
  return chooseAdminSigner({
    admins,
    home: os.homedir(),
    folders: keyFolders(context),
    interactive: context.askSecret !== undefined,
    ...(context.adminKey === undefined ? {} : { adminKey: context.adminKey }),
    ...(agentSocket === undefined ? {} : { agentSocket }),
  });
}
