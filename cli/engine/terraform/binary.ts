// Which Terraform or OpenTofu this machine has.
import { execa } from "execa";
import { z } from "zod";
import { TunnelMeshError } from "../../../protocol/errors/error.ts";

export interface TerraformBinary {
  /** Name in PATH, or a path. */
  readonly program: string;
  /** "1.11.4" */
  readonly version: string;
  /** "linux_amd64" */
  readonly platform: string;
}

const oldest = [1, 5] as const;
const versionSchema = z.object({
  terraform_version: z.string().regex(/^\d+\.\d+\.\d+/),
  platform: z.string().regex(/^[a-z0-9_]+$/),
});

/**
 * TM_TERRAFORM, else terraform, else tofu.
 * @throws TunnelMeshError TM_TERRAFORM_MISSING, TM_TERRAFORM_OLD
 */
export async function findTerraform(
  environment: Readonly<Record<string, string | undefined>>,
): Promise<TerraformBinary> {
  const named = environment["TM_TERRAFORM"];
  for (const program of named === undefined ? ["terraform", "tofu"] : [named]) {
    const { failed, stdout } = await execa(program, ["version", "-json"], {
      reject: false,
      timeout: 15_000,
      stdin: "ignore",
    });
    if (failed) continue;
    const { terraform_version: version, platform } = versionSchema.parse(JSON.parse(stdout));
    const [major = 0, minor = 0] = version.split(".").map(Number);
    if (major < oldest[0] || (major === oldest[0] && minor < oldest[1])) {
      throw new TunnelMeshError("TM_TERRAFORM_OLD", { detail: `${program} is ${version}` });
    }
    return { program, version, platform };
  }
  throw new TunnelMeshError("TM_TERRAFORM_MISSING", {
    advice: installAdvice(process.platform),
    ...(named === undefined ? {} : { detail: `TM_TERRAFORM is ${named}` }),
  });
}

/** How to get one of the two here, then how to name one that is there. */
export function installAdvice(platform: NodeJS.Platform): readonly string[] {
  const elsewhere = "One that is elsewhere: TM_TERRAFORM=/path/to/terraform, or to tofu.";
  if (platform === "darwin")
    return ["Install one: brew install opentofu, or brew install hashicorp/tap/terraform.", elsewhere];
  return [
    "Install one: https://opentofu.org/docs/intro/install, or https://developer.hashicorp.com/terraform/install.",
    elsewhere,
  ];
}
