// tm sandbox fault: makes the next request or action of the sandbox cloud go wrong.
import * as Args from "@oclif/core/args";
import * as Flags from "@oclif/core/flags";
import { BaseCommand } from "../../frame/base.ts";

const kinds = ["refuse", "fail", "throttle", "slow", "stuck", "errored"] as const;

export default class SandboxFault extends BaseCommand {
  static override summary = "Make the next request or action of the sandbox cloud go wrong.";
  static override description = [
    "refuse: the next creation of a droplet is refused (422), as when the account's limit is reached.",
    "fail: it meets an error of the service (500).",
    "throttle: too many requests (429), with Retry-After of so many seconds.",
    "slow: the answer comes so many seconds later.",
    "stuck: the next droplet stays new and locked for so many seconds, or until tm sandbox fault clear.",
    "errored: the next action ends in an error.",
  ].join("\n");
  static override examples = [
    "<%= config.bin %> sandbox fault refuse",
    '<%= config.bin %> sandbox fault throttle --on "GET /v2/" --seconds 2 --times 3',
    "<%= config.bin %> sandbox fault errored --on resize",
  ];
  static override args = {
    kind: Args.string({ description: "What goes wrong.", required: true, options: [...kinds] }),
  };
  static override flags = {
    on: Flags.string({
      summary: "Which request, by its method and the beginning of its path; for stuck and errored the type of action.",
      helpValue: "WHAT",
    }),
    times: Flags.integer({ summary: "How often.", default: 1, min: 1, max: 1_000 }),
    seconds: Flags.string({ summary: "For throttle, slow and stuck: how long.", helpValue: "NUMBER" }),
    message: Flags.string({ summary: "What the refusal says.", helpValue: "TEXT" }),
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(SandboxFault);
    await this.open(flags);
    const { addFault, readSeconds } = await import("../../engine/sandbox/faults.ts");
    const { describeFault } = await import("../../engine/sandbox/api/faults.ts");
    const kind = kinds.find((one) => one === args.kind) ?? "refuse";
    const faults = await addFault({
      ...{ kind, times: flags.times },
      ...(flags.on === undefined ? {} : { on: flags.on }),
      ...(flags.seconds === undefined ? {} : { value: readSeconds(kind, flags.seconds) }),
      ...(flags.message === undefined ? {} : { message: flags.message }),
    });
    for (const fault of faults) this.print(describeFault(fault));
    return { faults };
  }
}
