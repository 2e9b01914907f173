// What of a state's locking is worth a line on the screen, and who holds a lock where Terraform cannot say it.
import type { StateModel } from "../../../constructs/model.ts";
import { isTunnelMeshError } from "../../../protocol/errors/error.ts";
import type { Progress } from "../../output/progress.ts";
import type { Locking } from "./locking.ts";

/** Says once in a run that nothing but tm's own lease keeps two runs apart. */
export function noteLocking(progress: Progress, locking: Locking): void {
  if (locking.kind === "locks") {
    if (locking.unproven !== undefined) progress.log(`state lock: ${locking.unproven}`);
    return;
  }
  progress.phase("Terraform state");
  progress.row("lock").skip(`does not lock: ${locking.why}; only tm's own lease keeps two deploys apart`);
}

/** Schema of a mesh's state in PostgreSQL; what constructs/terraform/backend.ts writes. */
export function postgresSchema(mesh: string): string {
  return `tunnelmesh-${mesh}`;
}

/** For PostgreSQL, whose lock names nobody in Terraform's words: asks the server. */
export function lockHolderOf(
  state: StateModel,
  mesh: string,
  environment: Readonly<Record<string, string | undefined>>,
): { readonly lockHolder?: () => Promise<string | undefined> } {
  const connection = state.kind === "postgres" ? environment[state.env] : undefined;
  if (connection === undefined) return {};
  return {
    async lockHolder() {
      try {
        // Its client is loaded where a lock is held, and not with every command.
        const { describePostgresHolder, postgresHolders } = await import("./postgres.ts");
        const [holder] = await postgresHolders(connection, postgresSchema(mesh));
        return holder === undefined ? "the other run has just ended; run it again" : describePostgresHolder(holder);
      } catch (error) {
        // That the state is locked is the news; a server that does not say by whom must not hide it.
        if (isTunnelMeshError(error)) return `nobody knows by whom (${error.message})`;
        throw error;
      }
    },
  };
}
