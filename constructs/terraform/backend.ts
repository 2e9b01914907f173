// Where Terraform keeps the state of a mesh. Credentials come from the environment, the path of a local file from the caller.
import { CloudBackend, LocalBackend, NamedCloudWorkspace, PgBackend, S3Backend, type TerraformStack } from "cdktf";
import type { MeshModel } from "../model.ts";

/** One state per stack and stage. A local state's path is given at init, so that the JSON is the same on every machine. */
export function setBackend(stack: TerraformStack, { state, stack: name, stage, name: mesh }: MeshModel): void {
  switch (state.kind) {
    case "local":
      new LocalBackend(stack, {});
      return;
    case "postgres":
      // The connection string travels in PG_CONN_STR.
      new PgBackend(stack, { connStr: "", schemaName: `tunnelmesh-${mesh}` });
      return;
    case "hcp":
      new CloudBackend(stack, {
        organization: state.organization,
        workspaces: new NamedCloudWorkspace(state.workspace),
      });
      return;
    case "s3": {
      const { endpoint } = state;
      new S3Backend(stack, {
        bucket: state.bucket,
        key: `tunnelmesh/${name}/${stage}.tfstate`,
        region: state.region,
        ...(endpoint === undefined
          ? {}
          : {
              endpoints: { s3: endpoint },
              // Spaces has names per bucket; a store on an address of its own may have none.
              ...(endpoint.endsWith(".digitaloceanspaces.com") ? {} : { usePathStyle: true }),
              skipCredentialsValidation: true,
              skipMetadataApiCheck: true,
              skipRegionValidation: true,
              skipRequestingAccountId: true,
              skipS3Checksum: true,
            }),
      });
      stack.addOverride("terraform.backend.s3.use_lockfile", true);
      return;
    }
    default:
      state satisfies never;
  }
}

/** cdktf writes a path of this machine, and asks for a connection string that belongs into the environment: both are left out. */
export function withoutPlaces(backend: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const [[kind, value] = ["", {}]] = Object.entries(backend);
  const { path: _, conn_str: __, ...rest } = value as Record<string, unknown>;
  return { [kind]: rest };
}
