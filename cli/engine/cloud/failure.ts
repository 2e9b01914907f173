// Terraform's failures in the words of the stack, with the way out that fits them.
import type { MeshModel } from "../../../constructs/model.ts";
import { isTunnelMeshError, TunnelMeshError } from "../../../protocol/errors/error.ts";
import { explainAddresses } from "./describe.ts";

/** Does `work`; what Terraform says when it fails names members where it named resources. */
export async function explaining<T>(model: Pick<MeshModel, "members">, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw isTunnelMeshError(error) ? explainFailure(model, error) : error;
  }
}

/** As `error`, or a better one where what Terraform said is known. */
export function explainFailure(model: Pick<MeshModel, "members">, error: TunnelMeshError): TunnelMeshError {
  if (!error.code.startsWith("TM_TERRAFORM_") || error.detail === undefined) return error;
  const detail = explainAddresses(model, error.detail);
  if (/Instance cannot be destroyed/.test(error.detail)) {
    return new TunnelMeshError("TM_CLOUD_PROTECTED", { detail, cause: error });
  }
  return new TunnelMeshError(error.code, { detail, advice: error.advice, cause: error });
}
