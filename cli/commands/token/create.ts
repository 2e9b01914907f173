// tm token create: makes a token by which a machine joins by itself.
import * as Flags from "@oclif/core/flags";
import { adminKeyFlag, parallelFlag, stackFlag } from "../../frame/arguments.ts";
import { BaseCommand } from "../../frame/base.ts";
import { loadDeployEngine } from "../../frame/engines.ts";
import { parseLifetime } from "../../frame/lifetime.ts";

const many = { multiple: true, multipleNonGreedy: true } as const;

export default class TokenCreate extends BaseCommand {
  static override summary = "Make a token by which a machine joins the mesh by itself.";
  static override description =
    "Prints the token on stdout, once: it is kept nowhere. Whoever has it can join as often as it allows, until it expires or is " +
    "revoked, so hand it over as you would a password. The machine needs no SSH from outside; it runs tm join.";
  static override examples = [
    "<%= config.bin %> token create --group people",
    "<%= config.bin %> token create --uses 10 --expires 2h --ephemeral | ssh root@box tm join",
  ];
  static override flags = {
    stack: stackFlag,
    uses: Flags.integer({
      summary: "How many machines may join by it.",
      default: 1,
      min: 1,
      max: 65535,
      helpValue: "N",
    }),
    expires: Flags.string({ summary: "How long it is good for: 30m, 24h, 30d.", default: "24h", helpValue: "TIME" }),
    group: Flags.string({ summary: "Group that its machines are in; may be repeated.", helpValue: "GROUP", ...many }),
    name: Flags.string({
      summary: "A name that it is for; may be repeated, else any free one.",
      helpValue: "NAME",
      ...many,
    }),
    ip4: Flags.string({
      summary: "A mesh address that it is for; may be repeated, else any free one.",
      helpValue: "ADDRESS",
      ...many,
    }),
    ephemeral: Flags.boolean({
      default: false,
      summary: "Its machines are let go when they have been away for a day.",
    }),
    ci: Flags.boolean({
      default: false,
      summary: "For continuous integration: tm deploy logs in and signs with it (TM_CI_TOKEN).",
    }),
    "admin-key": adminKeyFlag,
    parallel: parallelFlag,
  };

  async run(): Promise<unknown> {
    const { flags } = await this.parse(TokenCreate);
    const lifetime = parseLifetime(flags.expires);
    const session = await this.open(flags);
    const loaded = await session.load(flags.stack);
    const engine = await loadDeployEngine();
    const result = await engine.createToken({
      ...session.engineContext(loaded, flags),
      uses: flags.uses,
      lifetime,
      groups: flags.group ?? [],
      names: flags.name ?? [],
      ip4s: flags.ip4 ?? [],
      ephemeral: flags.ephemeral,
      ci: flags.ci,
    });
    await session.progress.end();
    this.print(result.token);
    const { renderCreated } = await import("../../output/tokens.ts");
    // Not on stdout: the token alone stands there, to be piped on.
    if (!this.jsonEnabled()) process.stderr.write(`${renderCreated(result, { ci: flags.ci })}\n`);
    return result;
  }
}
