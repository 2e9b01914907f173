// tm destroy: takes the mesh off its hosts and ends it.
import { TunnelMeshError } from "../../protocol/errors/error.ts";
import { adminKeyFlag, lockTimeoutFlag, parallelFlag, stackArgument } from "../frame/arguments.ts";
import { BaseCommand } from "../frame/base.ts";
import { loadDeployEngine } from "../frame/engines.ts";
import type { Session } from "../frame/session.ts";

export default class Destroy extends BaseCommand {
  static override summary = "Uninstall the mesh from its hosts and end it.";
  static override description =
    "Local hosts and droplets are removed; other hosts are left as they were before the mesh. The mesh file moves to mesh/archive/. " +
    "A host that cannot be reached is listed and blocks nothing. A stack with `protect` asks for the stage's name.";
  static override examples = ["<%= config.bin %> destroy", "<%= config.bin %> destroy stacks/quickstart.ts --yes"];
  static override args = { stack: stackArgument };
  static override flags = {
    "admin-key": adminKeyFlag,
    parallel: parallelFlag,
    "lock-timeout": lockTimeoutFlag,
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Destroy);
    const session = await this.open(flags);
    const loaded = await session.load(args.stack);
    const { name, stage, protect, members } = loaded.model;
    const cloud = members.some(({ host }) => host.kind === "droplet");
    if (protect || (cloud && session.interactive && !session.yes)) await askStage(session, stage, protect);
    else {
      session.needAnswer(`tm destroy ${args.stack ?? ""} --yes`.replace(/ +/g, " "));
      const list = members.map((member) => member.name).join(", ");
      if (!(await session.confirm(`Destroy mesh ${name} (${list})?`))) throw new TunnelMeshError("TM_DECLINED");
    }
    const [engine, { renderHosts }, { count }] = await Promise.all([
      loadDeployEngine(),
      import("../output/mesh.ts"),
      import("../output/table.ts"),
    ]);
    const result = await engine.destroyStack({
      ...session.engineContext(loaded, flags),
      ...(flags["lock-timeout"] === undefined ? {} : { lockTimeout: flags["lock-timeout"] }),
    });
    const { forgetStack } = await import("../engine/synth/current.ts");
    forgetStack(loaded);
    await session.progress.end();
    this.print(renderHosts(result.hosts));
    const archive = result.archive === undefined ? "" : ` Its file is ${result.archive}.`;
    this.print(`Mesh ${result.mesh} is destroyed.${archive}`);
    for (const member of result.keptVolumes ?? []) this.print(`The volume of ${member} stays, as the stack keeps it.`);
    if (result.failed > 0) {
      this.warnPartial(new TunnelMeshError("TM_DESTROY_PARTIAL", { detail: count(result.failed, "host") }));
    }
    return result;
  }
}

/** A stage that is protected, or whose hosts go for good, is destroyed by somebody who types its name. */
async function askStage(session: Session, stage: string, protect: boolean): Promise<void> {
  if (!session.interactive) {
    throw new TunnelMeshError("TM_NEEDS_CONFIRMATION", {
      detail: `stage ${stage} is protected`,
      advice: ["Run it on a terminal and type the stage's name, or take protect out of the stack file first."],
    });
  }
  const typed = await session.askText(
    `Stage ${stage} ${protect ? "is protected" : "loses its droplets for good"}. Type its name to destroy it: `,
  );
  if (typed !== stage) throw new TunnelMeshError("TM_DECLINED", { detail: `${JSON.stringify(typed)} is not ${stage}` });
}
