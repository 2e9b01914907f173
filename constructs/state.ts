// Where Terraform keeps its state; a stack without a cloud resource has none.
import type { Region } from "./host.ts";
import { attachRecord } from "./record.ts";

/** A place for Terraform state; made by `state`. */
export interface State {
  readonly kind: "local" | "s3" | "postgres" | "hcp";
}

/** Places for Terraform state. */
export const state = {
  /** In .tm/ of this checkout: for one person. */
  local: (): State => makeState({ kind: "local" }),
  /** DigitalOcean Spaces. */
  spaces: (at: { bucket: string; region: Region }): State =>
    makeState({
      kind: "s3",
      bucket: at.bucket,
      region: "us-east-1",
      endpoint: `https://${at.region}.digitaloceanspaces.com`,
    }),
  /** A PostgreSQL database whose connection string is in the environment variable `env`. */
  postgres: (at: { env: string }): State => makeState({ kind: "postgres", ...at }),
  /** Any store that speaks S3. */
  s3: (at: { bucket: string; region: string; endpoint?: string }): State => makeState({ kind: "s3", ...at }),
  /** HCP Terraform. */
  hcp: (at: { organization: string; workspace: string }): State => makeState({ kind: "hcp", ...at }),
} as const;

function makeState(record: Readonly<Record<string, unknown>> & { readonly kind: State["kind"] }): State {
  return attachRecord({ kind: record.kind }, "state", record);
}
