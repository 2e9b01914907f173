// Error catalogue: what can go wrong around deploying from CI.
import type { ErrorEntry } from "./entry.ts";

export const ciErrors = {
  TM_CI_FIREWALL: {
    title: "The firewall for this run could not be opened",
    cause:
      "A deploy from CI opens SSH of the droplets to the runner's address through the cloud's API, which did not do it.",
    advice: [
      "Run it again: nothing was left open.",
      "The cloud token needs the scopes firewall, tag:read and droplet:read.",
    ],
  },
  TM_CI_FIREWALL_LEFT: {
    title: "The firewall of this run could not be taken back",
    cause: "The cloud's API did not answer, or refused; SSH of the droplets is still open to the runner's address.",
    advice: ["Take it back: tm ci sweep", "Or remove the firewall of that name by hand."],
  },
  TM_CI_NOT_ASKED: {
    title: "This host was not asked",
    cause: "A plan of CI reaches no host: it shows what the mesh file and Terraform's state say.",
    advice: ["To see what is installed there: tm plan, from a machine that reaches it."],
  },
  TM_CI_WRITE: {
    title: "The configuration of CI could not be written",
    cause: "A file or folder of the project cannot be read or written.",
    advice: ["Check its permissions, and that no file stands where a folder is to be."],
  },
  TM_CI_ADDRESS: {
    title: "The address of this runner is not known",
    cause: "A firewall is opened for an address that this machine has, or that two independent services name.",
    advice: ["Say it yourself, as addresses or ranges: TM_RUNNER_ADDRESS=203.0.113.7"],
  },
} as const satisfies Record<`TM_${string}`, ErrorEntry>;
