// Error catalogue: what can go wrong with Terraform's state and what is adopted into it.
import type { ErrorEntry } from "./entry.ts";

export const stateErrors = {
  TM_STATE_MISSING: {
    title: "Members of the mesh have droplets that Terraform's state does not know",
    cause:
      "The mesh file names members on droplets, and the state that the stack points to does not hold them: it is another place, " +
      "was lost, or was never copied there. A deploy would make every one of them a second time. Or a member was on another " +
      "kind of host before.",
    advice: [
      "State in another place: point the stack there again, or carry it over: tm state pull, then tm state push.",
      "State lost: adopt each droplet, tm import NODE --droplet ID.",
      "Droplets gone for good: tm destroy ends the mesh; tm remove-node NODE lets one member go.",
      "A member that was on another kind of host: tm remove-node NODE takes the mesh off that one; then tm deploy.",
    ],
  },
  TM_STATE_EMPTY: {
    title: "There is no Terraform state yet",
    cause: "Nothing has been deployed with this stack, stage and place of the state.",
    advice: ["Deploy first: tm deploy."],
  },
  TM_STATE_NOTHING: {
    title: "This stack has nothing for Terraform",
    cause: "No member is on a droplet, so there is no Terraform state.",
    advice: ["See the mesh with: tm status."],
  },
  TM_STATE_OUTPUT: {
    title: "There is no such output",
    cause: "Outputs are what the stack returns as `outputs`, and what terraform(mesh, …) adds.",
    advice: ["See all of them: tm outputs."],
  },
  TM_STATE_STORE: {
    title: "The place of Terraform's state cannot be reached",
    cause: "The database or the bucket did not answer as it should.",
    advice: ["Look at address, name and credentials; docs/state.md says where each comes from."],
  },
  TM_STATE_SECRET: {
    title: "This output is secret",
    cause: "Terraform marks it as sensitive, so it is shown only when that is asked for.",
    advice: ["Show it all the same: --show-secrets."],
  },
  TM_STATE_ACCOUNT: {
    title: "DigitalOcean did not say what the account has",
    cause: "The service did not answer, or not as it should.",
    advice: ["Run it again.", "See whether the service has trouble: https://status.digitalocean.com."],
  },
  TM_STATE_LOCK_ALIVE: {
    title: "The lock belongs to a run that still goes on",
    cause:
      "A local state is locked by a process of this machine, and the lock ends with it: there is nothing to take away.",
    advice: ["Wait for the run, or end it with Ctrl-C: Terraform then writes down what it has done."],
  },
  TM_STATE_FILE: {
    title: "This is not a Terraform state that fits here",
    cause: "It cannot be read, belongs to something else, or is older than what is there.",
    advice: ["Take the file that tm state pull wrote in the place where the state was."],
  },
  TM_IMPORT_NODE: {
    title: "This node cannot adopt a droplet",
    cause: "Only a member that the stack puts on a droplet, and whose droplet is not in the state yet, can adopt one.",
    advice: ["Give the stack a node with new Droplet({ … }) that looks like the droplet, then import."],
  },
  TM_IMPORT_DROPLET: {
    title: "There is no such droplet",
    cause: "The account that the token belongs to has no droplet with this id.",
    advice: ["See ids with: doctl compute droplet list, or in the control panel's address bar."],
  },
  TM_IMPORT_REPLACES: {
    title: "Adopting this droplet would make it anew",
    cause: "The stack says something about it that cannot be changed on a running droplet. Nothing was imported.",
    advice: [
      "Let the stack say what the droplet is, each attribute above: with its own property, else with transform.",
      'Its private network: vpc: "NAME", the name of the VPC that it is in.',
    ],
  },
} as const satisfies Record<`TM_${string}`, ErrorEntry>;
