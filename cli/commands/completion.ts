// tm completion: prints the script that makes a shell complete tm.
import * as Args from "@oclif/core/args";
import { BaseCommand } from "../frame/base.ts";

const shells = ["bash", "zsh", "fish"] as const;

export default class Completion extends BaseCommand {
  // Its output is a script.
  static override enableJsonFlag = false;
  static override summary = "Print the script that makes your shell complete tm.";
  static override description =
    'For good: bash, eval "$(tm completion bash)" in ~/.bashrc; zsh, eval "$(tm completion zsh)" in ~/.zshrc after compinit; ' +
    "fish, tm completion fish > ~/.config/fish/completions/tm.fish. Members and groups are completed from the project's files.";
  static override examples = ['eval "$(<%= config.bin %> completion bash)"'];
  static override args = { shell: Args.string({ description: "Your shell.", required: true, options: [...shells] }) };

  async run(): Promise<void> {
    const { args } = await this.parse(Completion);
    const { describeCompletion } = await import("../engine/completion/model.ts");
    const completed = describeCompletion(this.config.commands, this.config.pjson.oclif.topics ?? {});
    if (args.shell === "bash") this.print((await import("../engine/completion/bash.ts")).renderBash(completed));
    else if (args.shell === "zsh") this.print((await import("../engine/completion/zsh.ts")).renderZsh(completed));
    else this.print((await import("../engine/completion/fish.ts")).renderFish(completed));
  }
}
