// Lets the mesh's live CI tokens log in to its hosts, and takes back what has ended.
import type { MeshView } from "../../../protocol/trust/member.ts";
import { authorizeCi } from "../ci/authorized-keys.ts";
import { ciLogins, hadCiTokens } from "../ci/login.ts";
import type { HostConnection } from "../ssh/connection.ts";
import { settleAll } from "./report.ts";
import type { Run } from "./run.ts";

/** Gives the names of hosts where it could not be done; where there never was a token of CI, no host is asked. */
export async function authorizeOn(
  run: Run,
  view: Pick<MeshView, "tokens">,
  hosts: readonly { readonly name: string; readonly connection: Pick<HostConnection, "check"> }[],
): Promise<readonly string[]> {
  if (!hadCiTokens(view)) return [];
  const { signal, progress } = run.context;
  const logins = ciLogins(view, Math.floor(Date.now() / 1000));
  const done = await settleAll(hosts, run.parallel, signal, ({ connection }) =>
    authorizeCi(connection, run.model.name, logins, signal),
  );
  return done.flatMap((one) => {
    if (one.ok) return [];
    progress.log(`${one.of.name}: the login of CI could not be brought up to date: ${one.error.message}`);
    return [one.of.name];
  });
}
