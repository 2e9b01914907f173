// Error catalogue: what can go wrong with Terraform's state and what is adopted into it.
import type { ErrorEntry } from "./entry.ts";

export const stateErrors = {
  TM_STATE_MISSING: {
    title: "Members of the mesh have droplets that Terraform's state does not know",
    cause:
      "The mesh file names members on droplets, and the state that the stack points to does not hold them: it is another place, " +
      "was lost, or was never copied there. A deploy would make every one of them a second time.",
    advice: [
      "State in another place: point the stack there again, or carry it over: tm state pull, then tm state push.",
      "State lost: adopt each droplet, tm import NODE --droplet ID.",
      "Droplets gone for good: tm destroy ends the mesh; tm remove-node NODE lets one member go.",
    ],
  },
  TM_STATE_STORE: {
    title: "The place of Terraform's state cannot be reached",
    cause: "The database or the bucket did not answer as it should.",
    advice: ["Look at address, name and credentials; docs/state.md says where each comes from."],
  },
} as const satisfies Record<`TM_${string}`, ErrorEntry>;
