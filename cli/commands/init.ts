// tm init: makes a project to deploy from.
import { homedir, userInfo } from "node:os";
import path from "node:path";
import * as Args from "@oclif/core/args";
import * as Flags from "@oclif/core/flags";
import { TunnelMeshError } from "../../protocol/errors/error.ts";
import type { KeyCandidate } from "../engine/init/admin-keys.ts";
import { BaseCommand } from "../frame/base.ts";
import type { Session } from "../frame/session.ts";

export default class Init extends BaseCommand {
  static override summary = "Make a project: a stack file, your public key, and what an editor needs.";
  static override description =
    "Writes package.json, tsconfig.json, stack.ts, .gitignore, and keys/ with the public key that will sign: of the SSH agent or " +
    "~/.ssh; of several, the terminal asks. What is there already is kept, so it can be run again.";
  static override examples = [
    "<%= config.bin %> init",
    "<%= config.bin %> init office --admin-key ~/.ssh/id_ed25519.pub",
  ];
  static override args = {
    folder: Args.string({ description: "Folder of the project; made when missing.", default: "." }),
  };
  static override flags = {
    "admin-key": Flags.string({ summary: "SSH key whose public half becomes the admin's.", helpValue: "FILE" }),
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Init);
    const session = await this.open(flags);
    const [{ makeProject }, { nextSteps }, { packageRoot }] = await Promise.all([
      import("../engine/init/project.ts"),
      import("../engine/init/next.ts"),
      import("../engine/release/root.ts"),
    ]);
    const root = packageRoot(import.meta.dirname);
    const adminKey = flags["admin-key"];
    const made = await makeProject({
      folder: path.resolve(session.cwd, args.folder),
      root,
      user: userInfo().username,
      chooseKey: () => chooseKey(session, adminKey === undefined ? undefined : path.resolve(session.cwd, adminKey)),
    });
    const next = nextSteps(made, session.cwd, root);
    for (const { file, state } of made.files) this.print(`${state === "made" ? "made" : "kept"}  ${file}`);
    if (made.adminKey !== undefined) this.print(`The mesh will be signed with ${made.adminKey}`);
    this.print(["Next:", ...next.map((step) => `  ${step}`)].join("\n"));
    return { ...made, next };
  }
}

async function chooseKey(session: Session, given: string | undefined): Promise<KeyCandidate> {
  const { describeKey, findAdminKeys, readAdminKey } = await import("../engine/init/admin-keys.ts");
  if (given !== undefined) return readAdminKey(given);
  const keys = await findAdminKeys(homedir(), process.env["SSH_AUTH_SOCK"]);
  const [only] = keys;
  if (only === undefined) throw new TunnelMeshError("TM_INIT_NO_KEY");
  if (keys.length === 1) return only;
  const list = keys.map((key, index) => `${index + 1}  ${describeKey(key)}`).join("\n");
  if (!session.interactive) throw new TunnelMeshError("TM_INIT_SEVERAL_KEYS", { detail: list });
  for (;;) {
    const answer = await session.askText(`Which key signs for this mesh?\n${list}\nNumber: `);
    const chosen = /^\d+$/.test(answer) ? keys[Number(answer) - 1] : undefined;
    if (chosen !== undefined) return chosen;
    if (answer === "") throw new TunnelMeshError("TM_DECLINED");
  }
}
