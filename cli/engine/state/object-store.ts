// A bucket that speaks S3, as far as a look at its locking needs it: conditional writes, and taking away what was written.
import { createHash } from "node:crypto";
import { AwsClient } from "aws4fetch";
import type { StateModel } from "../../../constructs/model.ts";
import { TunnelMeshError } from "../../../protocol/errors/error.ts";

export type BucketModel = Extract<StateModel, { kind: "s3" }>;

export interface StoreCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** What the store answered: an HTTP status, and the error's code where its body names one ("NoSuchBucket"). */
export interface StoreAnswer {
  readonly status: number;
  readonly code: string | undefined;
}

export interface ObjectStore {
  /** Writes an object unless one of this name is there (`If-None-Match: *`). */
  create(key: string, body: string): Promise<StoreAnswer>;
  remove(key: string): Promise<StoreAnswer>;
}

const patience = 15_000;
/** An error document is a few hundred bytes; more is not read. */
const answerLimit = 64 * 1024;

/** @throws TunnelMeshError TM_STATE_STORE from its functions when the store cannot be reached */
export function openObjectStore(bucket: BucketModel, credentials: StoreCredentials, signal: AbortSignal): ObjectStore {
  const client = new AwsClient({ ...credentials, service: "s3", region: bucket.region, retries: 2 });
  const ask = async (
    method: string,
    key: string,
    body: string,
    headers: Record<string, string>,
  ): Promise<StoreAnswer> => {
    try {
      const response = await client.fetch(objectUrl(bucket, key), {
        method,
        headers: { ...headers, "x-amz-content-sha256": createHash("sha256").update(body).digest("hex") },
        ...(method === "PUT" ? { body } : {}),
        redirect: "manual",
        signal: AbortSignal.any([signal, AbortSignal.timeout(patience)]),
      });
      const text = (await response.text()).slice(0, answerLimit);
      return { status: response.status, code: /<Code>([A-Za-z0-9]{1,64})<\/Code>/.exec(text)?.[1] };
    } catch (error) {
      signal.throwIfAborted();
      const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
      throw new TunnelMeshError("TM_STATE_STORE", { detail: `${bucket.endpoint ?? "S3"}: ${cause}`, cause: error });
    }
  };
  return {
    create: (key, body) => ask("PUT", key, body, { "if-none-match": "*", "content-type": "text/plain" }),
    remove: (key) => ask("DELETE", key, "", {}),
  };
}

/** The bucket in the path: every store takes that, one at an address without names too. */
function objectUrl({ bucket, endpoint, region }: BucketModel, key: string): string {
  const origin = endpoint ?? `https://s3.${region}.amazonaws.com`;
  return `${origin.replace(/\/+$/, "")}/${bucket}/${key.split("/").map(encodeURIComponent).join("/")}`;
}
