// What Terraform's last words are about, where the service's way of refusing says it.
import type { ErrorCode } from "../../../protocol/errors/catalogue.ts";

const known: readonly (readonly [RegExp, ErrorCode])[] = [
  [/: 401 .*Unable to authenticate/, "TM_TERRAFORM_TOKEN"],
  [/: 422 .*(exceed|limit)/i, "TM_TERRAFORM_LIMIT"],
  [/: 429 /, "TM_TERRAFORM_THROTTLED"],
  [/timeout while waiting for|unexpected state '|waiting for action .*errored/, "TM_TERRAFORM_UNFINISHED"],
];

/** The code of the error that stands for it. */
export function failureCode(text: string): ErrorCode {
  return known.find(([pattern]) => pattern.test(text))?.[1] ?? "TM_TERRAFORM_FAILED";
}
