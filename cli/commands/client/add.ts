// tm client add: takes a phone or a router with stock WireGuard into the mesh.
import * as Args from "@oclif/core/args";
import * as Flags from "@oclif/core/flags";
import { adminKeyFlag, stackFlag } from "../../frame/arguments.ts";
import { BaseCommand } from "../../frame/base.ts";
import { readEndpoints } from "../../frame/endpoints.ts";
import { loadClientEngine } from "../../frame/engines.ts";
import { parseLifetime } from "../../frame/lifetime.ts";

const many = { multiple: true, multipleNonGreedy: true } as const;

export default class ClientAdd extends BaseCommand {
  static override summary = "Take a device with stock WireGuard into the mesh: a phone, a router.";
  static override description =
    "Writes one configuration per gateway, as a .conf file and as a QR code, and shows the code on a terminal. The device reaches " +
    "the mesh through the gateway that it is connected to, which sees that device's traffic.";
  static override examples = [
    "<%= config.bin %> client add phone --via hub",
    "<%= config.bin %> client add router --via hub --via office --public-key 6hvuohLCzCjdeb1Yzzuh2jsRcL/Iu/C+/kGt7kYnhW8=",
  ];
  static override args = { name: Args.string({ description: "Its name in the mesh.", required: true }) };
  static override flags = {
    stack: stackFlag,
    via: Flags.string({
      summary: "Member that it comes by; may be repeated, the preferred one first.",
      required: true,
      helpValue: "GATEWAY",
      ...many,
    }),
    "public-key": Flags.string({
      summary: "Its public key, where the device made its own; else a key pair is made here.",
      helpValue: "KEY",
    }),
    group: Flags.string({ summary: "Group it belongs to; may be repeated.", helpValue: "GROUP", ...many }),
    endpoint: Flags.string({
      summary: "Where it finds a gateway; may be repeated, else where SSH finds it.",
      helpValue: "GATEWAY=ADDRESS:PORT",
      ...many,
    }),
    expires: Flags.string({
      summary: "How long it is a member: 12h, 30d; else until it is removed.",
      helpValue: "TIME",
    }),
    out: Flags.string({
      summary: "Folder for its files; else .tm/clients of the project.",
      helpValue: "FOLDER",
    }),
    qr: Flags.boolean({ allowNo: true, summary: "Show the QR code; else on a terminal alone." }),
    "admin-key": adminKeyFlag,
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(ClientAdd);
    const lifetime = flags.expires === undefined ? undefined : parseLifetime(flags.expires);
    const endpoints = readEndpoints(flags.endpoint ?? []);
    const session = await this.open(flags);
    const loaded = await session.load(flags.stack);
    const engine = await loadClientEngine();
    const result = await engine.addClient({
      ...session.engineContext(loaded, flags),
      ...{ name: args.name, via: flags.via, groups: flags.group ?? [], endpoints },
      ...(flags["public-key"] === undefined ? {} : { publicKey: flags["public-key"] }),
      ...(lifetime === undefined ? {} : { lifetime }),
      ...(flags.out === undefined ? {} : { out: flags.out }),
    });
    await session.progress.end();
    const { renderAdded, showCode } = await import("../../output/clients.ts");
    this.print(renderAdded(result));
    await showCode(result, flags.qr, (text) => this.print(text));
    return result;
  }
}
