// tm join: makes this machine a member by a token.
import * as Args from "@oclif/core/args";
import * as Flags from "@oclif/core/flags";
import { TunnelMeshError } from "../../protocol/errors/error.ts";
import { BaseCommand } from "../frame/base.ts";
import { loadJoinEngine } from "../frame/engines.ts";
import type { Session } from "../frame/session.ts";
import { takeToken } from "../frame/token-input.ts";

export default class Join extends BaseCommand {
  static override summary = "Make this machine a member, by a token.";
  static override description =
    "Installs the agent on this machine, joins and starts it; needs root or sudo, and no stack. The token is asked for on a " +
    "terminal, or read from stdin or TM_JOIN_TOKEN. As an argument only one for a single use is taken: others would stand in the " +
    "process list. Run again, it finishes what a killed run began, or says that the machine is a member. Undo it with tm leave --local.";
  static override examples = [
    "sudo <%= config.bin %> join",
    "<%= config.bin %> join --name laptop < token.txt",
    "<%= config.bin %> token create | ssh root@box tm join",
  ];
  static override args = {
    token: Args.string({ description: "The token, if it is for a single use; else stdin." }),
  };
  static override flags = {
    name: Flags.string({ summary: "Its name in the mesh; else a free one near its own.", helpValue: "NAME" }),
    update: Flags.boolean({
      default: false,
      summary: "A member already: bring it to the release of this package; takes no token.",
    }),
    mesh: Flags.string({ summary: "With --update: which mesh, where it is in several.", helpValue: "NAME" }),
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Join);
    const session = await this.open(flags);
    if (flags.update) return this.#update(session, flags.mesh);
    const { text, exposed } = await takeToken({
      argument: args.token,
      environment: process.env,
      stdin: process.stdin,
      ask: session.interactive ? () => session.askSecret("Token: ") : undefined,
      signal: session.signal,
    });
    const engine = await loadJoinEngine();
    if (exposed && engine.readToken(text).uses > 1) throw new TunnelMeshError("TM_MEMBER_TOKEN_EXPOSED");
    const result = await engine.joinMesh({
      token: text.trim(),
      ...(flags.name === undefined ? {} : { name: flags.name }),
      progress: session.progress,
      signal: session.signal,
      interactive: session.interactive,
    });
    await session.progress.end();
    const { renderJoined } = await import("../output/joined.ts");
    this.print(renderJoined(result));
    return result;
  }

  async #update({ progress, signal, interactive }: Session, mesh: string | undefined): Promise<unknown> {
    const engine = await loadJoinEngine();
    const named = mesh === undefined ? {} : { mesh };
    const result = await engine.updateLocal({ ...named, progress, signal, interactive });
    await progress.end();
    this.print(
      result.updated ? `This machine has release ${result.release} now.` : "This machine has this release already.",
    );
    return result;
  }
}
