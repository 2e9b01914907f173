// tm status: how the members of a mesh are.
import { parallelFlag, stackArgument } from "../frame/arguments.ts";
import { BaseCommand } from "../frame/base.ts";
import { loadDeployEngine } from "../frame/engines.ts";

export default class Status extends BaseCommand {
  static override summary = "Show the members of the mesh and how they reach each other.";
  static override description =
    "Asks every member's agent over SSH. One that joined by a token and that SSH does not " +
    "find is shown as the others see it. Exits with 1 when one that can be asked is not up.";
  static override examples = ["<%= config.bin %> status", "<%= config.bin %> status --json"];
  static override args = { stack: stackArgument };
  static override flags = { parallel: parallelFlag };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Status);
    const session = await this.open(flags);
    const loaded = await session.load(args.stack);
    const [engine, { renderPolicyNote, renderStatus }] = await Promise.all([
      loadDeployEngine(),
      import("../output/mesh.ts"),
    ]);
    const result = await engine.meshStatus(session.engineContext(loaded, flags));
    await session.progress.end();
    const allow = loaded.model.policy.allow.length;
    this.print(renderStatus(result));
    this.print(renderPolicyNote(allow));
    if (result.hosts.some(({ agent, seen }) => seen === undefined && agent?.state !== "up")) process.exitCode = 1;
    return { ...result, policy: { enforced: false, allow } };
  }
}
