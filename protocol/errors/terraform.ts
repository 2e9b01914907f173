// Error catalogue: what can go wrong with Terraform and the cloud behind it.
import type { ErrorEntry } from "./entry.ts";

export const terraformErrors = {
  TM_TERRAFORM_MISSING: {
    title: "Terraform is not installed",
    cause: "The stack has resources in a cloud, and neither terraform nor tofu is in PATH.",
    advice: [
      "Install it: https://developer.hashicorp.com/terraform/install, or OpenTofu: https://opentofu.org/docs/intro/install.",
      "One that is elsewhere: TM_TERRAFORM=/path/to/terraform.",
    ],
  },
  TM_TERRAFORM_OLD: {
    title: "This Terraform is too old",
    cause: "Blocks that move and import resources need Terraform 1.5 or OpenTofu 1.6.",
    advice: ["Install a newer one, or name one with TM_TERRAFORM."],
  },
  TM_TERRAFORM_FAILED: {
    title: "Terraform failed",
    cause: "It could not do what it was asked to; what it said stands above.",
    advice: ["Mend the cause, then run it again: what is done is not done twice."],
  },
  TM_TERRAFORM_TOKEN: {
    title: "DigitalOcean did not take the token",
    cause: "DIGITALOCEAN_TOKEN is missing, wrong or has expired.",
    advice: [
      "Make one with read and write scope, and set DIGITALOCEAN_TOKEN.",
      "To try it without an account: --sandbox.",
    ],
  },
  TM_TERRAFORM_LIMIT: {
    title: "DigitalOcean gives no more of this",
    cause: "The account or the resource has reached a limit of the service; its own words stand above.",
    advice: [
      "Remove what nobody needs, or ask for a higher limit in the control panel, under the account's settings.",
      "Then run it again: what is done is not done twice.",
    ],
  },
  TM_TERRAFORM_THROTTLED: {
    title: "DigitalOcean takes no more requests for now",
    cause: "More came in an hour or a minute than it takes; the provider tried again and gave up.",
    advice: [
      "Wait a few minutes, then run it again: what is done is not done twice.",
      "To ask less often: DIGITALOCEAN_REQUESTS_PER_SECOND=2.",
    ],
  },
  TM_TERRAFORM_UNFINISHED: {
    title: "Something was begun at DigitalOcean and did not get ready",
    cause: "It stayed in another state than the one that was waited for; which one stands above.",
    advice: [
      "Look at it in the control panel. What is locked there is still being worked on: wait until it is not.",
      "Then run it again: a host that did not get ready is made anew, the rest goes on where it was.",
    ],
  },
  TM_TERRAFORM_LOCKED: {
    title: "Somebody else changes this stack's resources",
    cause: "Terraform's state is locked.",
    advice: ["Wait for the other run; when it is dead, take its lock away: tm unlock --state."],
  },
} as const satisfies Record<`TM_${string}`, ErrorEntry>;
