// Which error stands for what Terraform said last.
import { expect, it } from "vitest";
import { failureCode } from "../../../../cli/engine/terraform/failure-code.ts";

const at = "digitalocean_droplet.hub: POST http://127.0.0.1:4000/v2/droplets";

it.each([
  [`${at}: 401 (request "1") Unable to authenticate you`, "TM_TERRAFORM_TOKEN"],
  [`${at}: 422 (request "1") creating this/these droplet(s) will exceed your droplet limit`, "TM_TERRAFORM_LIMIT"],
  [`${at}: 422 (request "1") reserved IP limit reached`, "TM_TERRAFORM_LIMIT"],
  [`${at}: 422 (request "1") You specified an invalid size for Droplet creation.`, "TM_TERRAFORM_FAILED"],
  [`${at}: 429 (request "1") API Rate limit exceeded.`, "TM_TERRAFORM_THROTTLED"],
  [`${at}: 500 (request "1") Unexpected server-side error`, "TM_TERRAFORM_FAILED"],
  [
    "digitalocean_droplet.hub: Error waiting for droplet (7) to become ready: unexpected state 'off', wanted target 'active'",
    "TM_TERRAFORM_UNFINISHED",
  ],
  [
    "Error waiting for droplet (7) to become ready: timeout while waiting for state to become 'active' (last state: 'new')",
    "TM_TERRAFORM_UNFINISHED",
  ],
  ["Error waiting for action (9) to finish: resize errored", "TM_TERRAFORM_UNFINISHED"],
] as const)("%s", (text, code) => {
  expect(failureCode(text)).toBe(code);
});
