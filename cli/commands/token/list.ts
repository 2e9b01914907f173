// tm token list: the tokens of the mesh and who came by them.
import { stackFlag } from "../../frame/arguments.ts";
import { BaseCommand } from "../../frame/base.ts";
import { loadDeployEngine } from "../../frame/engines.ts";

export default class TokenList extends BaseCommand {
  static override summary = "List the tokens of the mesh, what is left of them, and who came by them.";
  static override examples = ["<%= config.bin %> token list", "<%= config.bin %> token list --json"];
  static override flags = { stack: stackFlag };

  async run(): Promise<unknown> {
    const { flags } = await this.parse(TokenList);
    const session = await this.open(flags);
    const loaded = await session.load(flags.stack);
    const [engine, { renderTokens }] = await Promise.all([loadDeployEngine(), import("../../output/tokens.ts")]);
    const result = await engine.listTokens(session.engineContext(loaded));
    await session.progress.end();
    this.print(renderTokens(result.tokens));
    return result;
  }
}
