// Resolves a target for whoever runs this, with their home, name and environment.
import { homedir, userInfo } from "node:os";
import { type ResolvedTarget, resolveTarget } from "./configuration.ts";
import type { SshTarget } from "./connection.ts";

/** `home`: another one than the user's. @throws TunnelMeshError TM_SSH_CONFIGURATION */
export function resolveForUser(target: SshTarget, home = homedir()): Promise<ResolvedTarget> {
  const { username, uid, homedir: ownHome } = userInfo();
  return resolveTarget(target.target, {
    home,
    localUser: username,
    uid,
    environment: process.env,
    // The program ssh looks into the home of the passwd file, whatever HOME says.
    useSshProgram: home === ownHome,
    ...(target.port === undefined ? {} : { port: target.port }),
  });
}
