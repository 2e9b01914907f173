// tm sandbox drift: changes the sandbox cloud behind Terraform's back.
import * as Args from "@oclif/core/args";
import { BaseCommand } from "../../frame/base.ts";

const kinds = ["rename", "resize", "delete", "stop", "start", "open", "unassign"] as const;

export default class SandboxDrift extends BaseCommand {
  static override summary = "Change the sandbox cloud behind the stack's back, as somebody at the control panel would.";
  static override description = [
    "rename DROPLET NAME, resize DROPLET SIZE, stop DROPLET, start DROPLET",
    "open FIREWALL [PORT]: everybody may come in, at 22 unless it is said",
    "unassign ADDRESS: a reserved address leads nowhere",
    "delete TARGET: a droplet, a firewall or a reserved address",
  ].join("\n");
  static override examples = [
    "<%= config.bin %> sandbox drift rename hub other",
    "<%= config.bin %> sandbox drift resize hub s-1vcpu-2gb",
    "<%= config.bin %> sandbox drift open cloud-main-node 5432",
    "<%= config.bin %> sandbox drift delete server-ams3",
  ];
  static override args = {
    kind: Args.string({ description: "What happens.", required: true, options: [...kinds] }),
    target: Args.string({ description: "Id or name of a droplet or firewall, or a reserved address.", required: true }),
    value: Args.string({ description: "The new name or size, or the port." }),
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(SandboxDrift);
    const session = await this.open(flags);
    const { drift } = await import("../../engine/sandbox/drift.ts");
    const kind = kinds.find((one) => one === args.kind) ?? "rename";
    session.progress.phase("Changing the sandbox cloud");
    const done = await drift({ kind, target: args.target, value: args.value });
    await session.progress.end();
    this.print(`${done.charAt(0).toUpperCase()}${done.slice(1)}.`);
    return { kind, target: args.target, done };
  }
}
