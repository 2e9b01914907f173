// What a stack needs in CI: whether it has a cloud, and which secrets reach which job.
import type { MeshModel, StateModel } from "../../../constructs/model.ts";
import { TunnelMeshError } from "../../../protocol/errors/error.ts";

export interface CiSecret {
  readonly name: string;
  /** One line for whoever sets it. */
  readonly purpose: string;
  /** Jobs that see it; a plan of a pull request never sees more than it needs. */
  readonly jobs: "deploy" | "all";
}

export interface CiNeeds {
  /** Relative to the project, with forward slashes: "stack.ts". */
  readonly stack: string;
  readonly stage: string;
  /** The stack has something for Terraform. */
  readonly cloud: boolean;
  readonly secrets: readonly CiSecret[];
  /** Terraform's state is on one machine alone: CI would begin with an empty one. */
  readonly localState: boolean;
}

const token: CiSecret = {
  name: "TM_CI_TOKEN",
  purpose: "tm token create --ci --uses 20 --expires 30d --group GROUP, for each group whose new members CI may admit",
  jobs: "deploy",
};
const cloudToken: CiSecret = {
  name: "DIGITALOCEAN_TOKEN",
  purpose: "of DigitalOcean: one that only reads for plans, one that writes for deploys",
  jobs: "all",
};

/** What stands in YAML and in expressions as it is. */
const plainPath = /^[A-Za-z0-9_./@-]+$/;

/** @throws TunnelMeshError TM_CI_WRITE where the stack's path cannot stand in a workflow */
export function ciNeeds(model: MeshModel, stack: string): CiNeeds {
  if (!plainPath.test(stack) || stack.startsWith("..")) {
    throw new TunnelMeshError("TM_CI_WRITE", {
      detail: `${stack}: a workflow takes letters, digits and ._/@- in a path inside the project`,
      advice: ["Give the stack file a plain name."],
    });
  }
  const cloud = model.members.some(({ host }) => host.kind === "droplet");
  return {
    stack,
    stage: model.stage,
    cloud,
    secrets: [token, ...(cloud ? [cloudToken, ...stateSecrets(model.state)] : [])],
    localState: cloud && model.state.kind === "local",
  };
}

function stateSecrets(state: StateModel): readonly CiSecret[] {
  const secret = (name: string, purpose: string): CiSecret => ({ name, purpose, jobs: "all" });
  switch (state.kind) {
    case "local":
      return [];
    case "postgres":
      return [secret(state.env, "connection string of the database that holds Terraform's state")];
    case "hcp":
      return [secret("TF_TOKEN_app_terraform_io", "of HCP Terraform, which holds the state")];
    case "s3": {
      const names =
        state.endpoint === undefined
          ? (["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] as const)
          : (["SPACES_ACCESS_KEY_ID", "SPACES_SECRET_ACCESS_KEY"] as const);
      return names.map((name) => secret(name, `of the bucket ${state.bucket}, which holds Terraform's state`));
    }
    default:
      return state satisfies never;
  }
}
