// tm without a command: shows the next sensible step.
import { BaseCommand } from "../frame/base.ts";

export default class Next extends BaseCommand {
  static override summary = "Show the next sensible step.";
  static override hidden = true;

  async run(): Promise<unknown> {
    const { flags } = await this.parse(Next);
    const { cwd } = await this.open(flags);
    const { findNextStep } = await import("../engine/synth/next-step.ts");
    const step = findNextStep({ cwd, stage: flags.stage, environment: process.env });
    this.print(step.says);
    for (const { command, does } of step.commands) this.print(`  ${command.padEnd(24)}  ${does}`);
    this.print(`All commands: ${this.config.bin} --help`);
    return step;
  }
}
