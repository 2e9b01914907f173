// tm token revoke: takes a token back, and with --nodes those who came by it.
import * as Args from "@oclif/core/args";
import * as Flags from "@oclif/core/flags";
import { TunnelMeshError } from "../../../protocol/errors/error.ts";
import { adminKeyFlag, stackFlag } from "../../frame/arguments.ts";
import { BaseCommand } from "../../frame/base.ts";
import { loadDeployEngine } from "../../frame/engines.ts";

export default class TokenRevoke extends BaseCommand {
  static override summary = "Take a token back: nobody joins by it any more.";
  static override description =
    "Those who came by it stay members; with --nodes they are let go too, except those that an admin has granted since.";
  static override examples = [
    "<%= config.bin %> token revoke 1f2e3d4c5b6a7988",
    "<%= config.bin %> token revoke 1f2e --nodes --yes",
  ];
  static override args = { tid: Args.string({ description: "Its id, or the beginning of it.", required: true }) };
  static override flags = {
    stack: stackFlag,
    nodes: Flags.boolean({ default: false, summary: "Let go of those who came by it, too." }),
    "admin-key": adminKeyFlag,
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(TokenRevoke);
    const session = await this.open(flags);
    const loaded = await session.load(flags.stack);
    if (flags.nodes) session.needAnswer(`tm token revoke ${args.tid} --nodes --yes`);
    if (flags.nodes && !(await session.confirm(`Revoke ${args.tid} and let go of everybody who came by it?`))) {
      throw new TunnelMeshError("TM_DECLINED");
    }
    const engine = await loadDeployEngine();
    const result = await engine.revokeToken({
      ...session.engineContext(loaded, flags),
      tid: args.tid,
      nodes: flags.nodes,
    });
    await session.progress.end();
    this.print(result.changed ? `Token ${result.tid} is revoked.` : `Token ${result.tid} was revoked before.`);
    if (result.stillLogin.length > 0) {
      this.print(`Not reached, so it logs in there until it expires: ${result.stillLogin.join(", ")}`);
    }
    if (result.removed.length > 0) this.print(`Members no more: ${result.removed.join(", ")}`);
    return result;
  }
}
