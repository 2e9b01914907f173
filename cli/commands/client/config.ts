// tm client config: makes the configurations of a client anew.
import * as Args from "@oclif/core/args";
import * as Flags from "@oclif/core/flags";
import { adminKeyFlag, stackFlag } from "../../frame/arguments.ts";
import { BaseCommand } from "../../frame/base.ts";
import { readEndpoints } from "../../frame/endpoints.ts";
import { loadClientEngine } from "../../frame/engines.ts";

const many = { multiple: true, multipleNonGreedy: true } as const;

export default class ClientConfig extends BaseCommand {
  static override summary = "Make the configurations of a client anew, for the same or for other gateways.";
  static override description =
    "For a gateway that has new keys, and to change gateways. Its name, addresses and key stay; the pre-shared key is a new one, so " +
    "the configurations that it had connect no more. The private key is taken from the files that are there; where they were " +
    "deleted, the new ones have a place for it.";
  static override examples = [
    "<%= config.bin %> client config phone",
    "<%= config.bin %> client config phone --via hub --via office",
  ];
  static override args = { name: Args.string({ description: "Its name in the mesh.", required: true }) };
  static override flags = {
    stack: stackFlag,
    via: Flags.string({
      summary: "Member that it comes by from now on; may be repeated, else those that it has.",
      helpValue: "GATEWAY",
      ...many,
    }),
    endpoint: Flags.string({
      summary: "Where it finds a gateway; may be repeated, else where SSH finds it.",
      helpValue: "GATEWAY=ADDRESS:PORT",
      ...many,
    }),
    out: Flags.string({ summary: "Folder for its files; else .tm/clients of the project.", helpValue: "FOLDER" }),
    qr: Flags.boolean({ allowNo: true, summary: "Show the QR code; else on a terminal alone." }),
    "admin-key": adminKeyFlag,
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(ClientConfig);
    const endpoints = readEndpoints(flags.endpoint ?? []);
    const session = await this.open(flags);
    const loaded = await session.load(flags.stack);
    const engine = await loadClientEngine();
    const result = await engine.configureClient({
      ...session.engineContext(loaded, flags),
      ...{ name: args.name, via: flags.via ?? [], endpoints },
      ...(flags.out === undefined ? {} : { out: flags.out }),
    });
    await session.progress.end();
    const { renderAdded, showCode } = await import("../../output/clients.ts");
    this.print(renderAdded(result));
    await showCode(result, flags.qr, (text) => this.print(text));
    return result;
  }
}
