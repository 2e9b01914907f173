// tm sign: signs a change of the stack as its author, for CI to deploy.
import { adminKeyFlag, parallelFlag, stackArgument } from "../frame/arguments.ts";
import { BaseCommand } from "../frame/base.ts";
import { loadDeployEngine } from "../frame/engines.ts";

export default class Sign extends BaseCommand {
  static override summary = "Sign what a deploy of this stack needs an admin for, and deploy nothing.";
  static override description =
    "Writes grants, changes and revocations into the mesh file, to be committed with the change of the stack: then whoever has no " +
    "admin's key, such as CI with TM_CI_TOKEN, can deploy it. Hosts are only asked for the newest entry of the log, where they can " +
    "be reached. A new host is signed where the stack names its hostKey.";
  static override examples = ["<%= config.bin %> sign && git add mesh stack.ts && git commit"];
  static override args = { stack: stackArgument };
  static override flags = { "admin-key": adminKeyFlag, parallel: parallelFlag };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Sign);
    const session = await this.open(flags);
    const loaded = await session.load(args.stack);
    const engine = await loadDeployEngine();
    const result = await engine.signStack(session.engineContext(loaded, flags));
    await session.progress.end();
    const { renderSigned } = await import("../output/signed.ts");
    this.print(renderSigned(result));
    return result;
  }
}
