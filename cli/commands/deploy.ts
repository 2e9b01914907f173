// tm deploy: makes hosts and mesh what the stack says.
import path from "node:path";
import * as Flags from "@oclif/core/flags";
import { TunnelMeshError } from "../../protocol/errors/error.ts";
import type { LoadedStack } from "../engine/deploy/contract.ts";
import { approvals, confirmPlan } from "../frame/approval.ts";
import {
  adminKeyFlag,
  canaryFlag,
  lockTimeoutFlag,
  parallelFlag,
  replaceFlag,
  stackArgument,
} from "../frame/arguments.ts";
import { BaseCommand } from "../frame/base.ts";
import { loadDeployEngine } from "../frame/engines.ts";

export default class Deploy extends BaseCommand {
  static override summary = "Make the mesh what the stack says.";
  static override description =
    "Makes droplets and what belongs to them with Terraform, where the stack has any. " +
    "Reaches every host over SSH, installs what is missing or old, signs members in and out, and checks the result. " +
    "Shows the plan and asks before anything changes. A run that stopped half-way is finished by running it again.";
  static override examples = [
    "<%= config.bin %> deploy",
    "<%= config.bin %> deploy stacks/quickstart.ts --yes",
    "<%= config.bin %> deploy --sandbox",
    "<%= config.bin %> deploy --replace gateway",
  ];
  static override args = { stack: stackArgument };
  static override flags = {
    "admin-key": adminKeyFlag,
    parallel: parallelFlag,
    canary: canaryFlag,
    replace: replaceFlag,
    "host-key": Flags.string({
      summary:
        "Host key of a droplet that cannot prove it any more, as its console shows it. May be given more than once.",
      helpValue: "NODE=KEY",
      multiple: true,
    }),
    "lock-timeout": lockTimeoutFlag,
    plan: Flags.string({
      summary:
        "Deploy only what this plan (tm plan --format json --out FILE) holds; exit with 4 when it is another now.",
      helpValue: "FILE",
      exclusive: ["expect-digest"],
    }),
    "expect-digest": Flags.string({
      summary: "Deploy only the plan with this digest; exit with 4 when it is another now.",
      helpValue: "sha256:HEX",
    }),
    "require-approval": Flags.option({
      options: approvals,
      summary:
        "Which plans need a yes: every one, on a terminal the default; only one that removes hosts or volumes; or none, as --yes.",
      exclusive: ["yes"],
    })(),
    "skip-install": Flags.boolean({
      default: false,
      summary: "Make cloud resources and meet new hosts, and install nothing on them.",
      exclusive: ["only-install"],
    }),
    "only-install": Flags.boolean({
      default: false,
      summary: "Install and join on hosts that stand, and leave cloud resources as they are.",
      exclusive: ["replace", "plan", "expect-digest"],
    }),
    downgrade: Flags.boolean({ default: false, summary: "Allow a release older than the mesh's." }),
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(Deploy);
    const session = await this.open(flags);
    const loaded = await session.load(args.stack);
    const expectDigest = await agreedDigest(flags, session.cwd, loaded);
    const approval = flags["require-approval"] ?? (flags.yes ? "never" : "any");
    if (approval === "any") session.needAnswer(`tm deploy ${args.stack ?? ""} --yes`.replace(/ +/g, " "));
    const { rememberStack } = await import("../engine/synth/current.ts");
    rememberStack(loaded);
    const [engine, { renderPlanText }, { renderHosts }, { count }] = await Promise.all([
      loadDeployEngine(),
      import("../output/review/text.ts"),
      import("../output/mesh.ts"),
      import("../output/table.ts"),
    ]);
    const result = await engine.deployStack({
      ...session.engineContext(loaded, flags),
      yes: approval === "never",
      ...(flags["skip-install"] ? { part: "cloud" } : flags["only-install"] ? { part: "mesh" } : {}),
      downgrade: flags.downgrade,
      ...(expectDigest === undefined ? {} : { expectDigest }),
      ...(flags.canary === undefined ? {} : { canary: flags.canary }),
      ...(flags.replace === undefined ? {} : { replace: flags.replace }),
      ...(flags["host-key"] === undefined ? {} : { hostKeys: readHostKeys(flags["host-key"]) }),
      ...(flags["lock-timeout"] === undefined ? {} : { lockTimeout: flags["lock-timeout"] }),
      ...(approval === "never"
        ? {}
        : {
            confirm: (plan) =>
              confirmPlan(session, plan, renderPlanText(plan.review, { details: false }), {
                approval,
                hostsAlone: flags["skip-install"],
              }),
          }),
    });
    await session.progress.end();
    this.print(renderHosts(result.hosts));
    for (const [name, value] of Object.entries(result.outputs ?? {})) this.print(`${name} = ${value}`);
    if (result.failed === 0 && flags["skip-install"])
      this.print(`The hosts of ${result.mesh} stand. Bring the mesh to them with: ${session.inPlace("tm deploy")}`);
    else if (result.failed === 0)
      this.print(`Mesh ${result.mesh} is deployed. See it with: ${session.inPlace("tm status")}`);
    else
      this.warnPartial(new TunnelMeshError("TM_DEPLOY_PARTIAL", { detail: `${count(result.failed, "host")} failed` }));
    return result;
  }
}

/** "hub=ssh-ed25519 AAAA…" by name. @throws TunnelMeshError TM_USAGE */
function readHostKeys(given: readonly string[]): Readonly<Record<string, string>> {
  const entries = given.map((text) => {
    const [, name, key] = /^([a-z0-9-]{1,63})=((?:ssh|ecdsa)-\S+ \S+)(?: .*)?$/.exec(text.trim()) ?? [];
    if (name !== undefined && key !== undefined) return [name, key] as const;
    throw new TunnelMeshError("TM_USAGE", { detail: `--host-key ${text}: write it as "NODE=ssh-ed25519 AAAA…"` });
  });
  return Object.fromEntries(entries);
}

/** The digest that --expect-digest or --plan names. @throws TunnelMeshError TM_PLAN_FILE, TM_PLAN_STALE, TM_USAGE */
async function agreedDigest(
  flags: { readonly plan?: string | undefined; readonly "expect-digest"?: string | undefined },
  cwd: string,
  { model }: LoadedStack,
): Promise<string | undefined> {
  const digest = flags["expect-digest"];
  if (digest !== undefined && !/^sha256:[0-9a-f]{64}$/.test(digest)) {
    throw new TunnelMeshError("TM_USAGE", { detail: `--expect-digest ${digest}: it is "sha256:" and 64 digits` });
  }
  if (flags.plan === undefined) return digest;
  const { digestOfFile, readPlanFile } = await import("../engine/review/plan-file.ts");
  return digestOfFile(await readPlanFile(path.resolve(cwd, flags.plan)), model, Date.now());
}
