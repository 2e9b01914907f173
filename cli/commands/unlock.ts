// tm unlock: ends a deploy lease, or Terraform's lock on the state, that somebody left behind.
import * as Flags from "@oclif/core/flags";
import { TunnelMeshError } from "../../protocol/errors/error.ts";
import type { LoadedStack } from "../engine/deploy/contract.ts";
import { stackArgument } from "../frame/arguments.ts";
import { BaseCommand } from "../frame/base.ts";
import { loadDeployEngine, loadStateEngine } from "../frame/engines.ts";
import type { Session } from "../frame/session.ts";

export default class Unlock extends BaseCommand {
  static override summary = "End the deploy lease, or the lock on Terraform's state, that another run left behind.";
  static override description =
    "A lease ends by itself 60 s after its holder died. Never do this to a deploy that still runs.";
  static override examples = ["<%= config.bin %> unlock", "<%= config.bin %> unlock --state"];
  static override args = { stack: stackArgument };
  static override flags = {
    state: Flags.boolean({ default: false, summary: "The lock on Terraform's state, in place of the deploy lease." }),
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Unlock);
    const session = await this.open(flags);
    const loaded = await session.load(args.stack);
    const command = ["tm unlock", args.stack, flags.state ? "--state" : undefined, "--yes"];
    session.needAnswer(command.filter((word) => word !== undefined).join(" "));
    return flags.state ? this.#state(session, loaded, flags.yes) : this.#lease(session, loaded);
  }

  async #lease(session: Session, loaded: LoadedStack): Promise<unknown> {
    if (!(await session.confirm(`End the deploy lease of mesh ${loaded.model.name}, whoever holds it?`))) {
      throw new TunnelMeshError("TM_DECLINED");
    }
    const engine = await loadDeployEngine();
    const result = await engine.unlockStack(session.engineContext(loaded));
    await session.progress.end();
    const { holder, unlocked } = result;
    const what = unlocked === "machine" ? "This machine's lock" : "The deploy lease";
    this.print(
      holder === undefined ? "Nobody held the lease." : `${what} of ${holder.name} (pid ${holder.pid}) is ended.`,
    );
    return result;
  }

  async #state(session: Session, loaded: LoadedStack, yes: boolean): Promise<unknown> {
    const engine = await loadStateEngine();
    const result = await engine.unlockState({
      ...session.engineContext(loaded),
      ...(yes
        ? {}
        : {
            confirm: async ({ place, holder }) => {
              const question = `Take the lock on the state in ${place} away from ${holder}?`;
              if (await session.confirm(question)) return true;
              throw new TunnelMeshError("TM_DECLINED");
            },
          }),
    });
    await session.progress.end();
    this.print(
      result.holder === undefined
        ? `Nobody has locked the state in ${result.place}.`
        : `The lock of ${result.holder} on the state in ${result.place} is gone.`,
    );
    return result;
  }
}
