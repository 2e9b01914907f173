// tm leave: takes a member out of the mesh until the next deploy, or this machine for good.
import * as Args from "@oclif/core/args";
import * as Flags from "@oclif/core/flags";
import { TunnelMeshError } from "../../protocol/errors/error.ts";
import { stackFlag } from "../frame/arguments.ts";
import { BaseCommand } from "../frame/base.ts";
import { loadDeployEngine, loadJoinEngine } from "../frame/engines.ts";

export default class Leave extends BaseCommand {
  static override summary = "Stop the mesh on one member until the next deploy, or take this machine out.";
  static override description =
    "Its routes, rules and DNS are taken back; a restart of the machine or tm deploy brings it back, as it stays a member. " +
    "To take it out for good: tm remove-node, or its line out of the stack file. With --local it is this machine that leaves, for " +
    "good and without a stack: what tm join installed is removed. Its name and address are free again after an admin's tm remove-node.";
  static override usage = ["leave NODE", "leave --local"];
  static override examples = ["<%= config.bin %> leave beta", "sudo <%= config.bin %> leave --local"];
  static override args = { node: Args.string({ description: "Member that leaves; else --local." }) };
  static override flags = {
    stack: stackFlag,
    local: Flags.boolean({ default: false, summary: "This machine leaves, and is uninstalled." }),
    mesh: Flags.string({ summary: "With --local: which mesh, where it is in several.", helpValue: "NAME" }),
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Leave);
    if ((args.node === undefined) !== flags.local) {
      throw new TunnelMeshError("TM_USAGE", { detail: "name a member, or this machine with --local" });
    }
    return args.node === undefined ? this.#leaveLocal(flags) : this.#leaveMember(args.node, flags);
  }

  async #leaveMember(name: string, flags: LeaveFlags): Promise<unknown> {
    const session = await this.open(flags);
    const loaded = await session.load(flags.stack);
    const engine = await loadDeployEngine();
    const result = await engine.leaveMesh({ ...session.engineContext(loaded), name });
    await session.progress.end();
    this.print(`${result.name} has left ${result.mesh} for now. Bring it back with: tm deploy`);
    return result;
  }

  async #leaveLocal(flags: LeaveFlags): Promise<unknown> {
    const session = await this.open(flags);
    session.needAnswer("tm leave --local --yes");
    if (!(await session.confirm("Take the mesh off this machine?"))) throw new TunnelMeshError("TM_DECLINED");
    const engine = await loadJoinEngine();
    const { progress, signal, interactive } = session;
    const mesh = flags.mesh === undefined ? {} : { mesh: flags.mesh };
    const result = await engine.leaveLocal({ ...mesh, progress, signal, interactive });
    await session.progress.end();
    this.print(`This machine has left ${result.mesh}, and nothing of it is here any more.`);
    this.print(`An admin ends its membership with: tm remove-node ${result.name ?? "NAME"}`);
    return result;
  }
}

type LeaveFlags = {
  readonly stack: string | undefined;
  readonly mesh: string | undefined;
  readonly stage: string | undefined;
  readonly cwd: string | undefined;
  readonly "no-input": boolean;
  readonly yes: boolean;
};
