// Errors of hosts in a cloud: what would be lost, and who they prove to be.
import type { ErrorEntry } from "./entry.ts";

export const cloudErrors = {
  TM_CLOUD_REPLACES: {
    title: "This would put another machine or volume in the place of a member's",
    cause: "What is on it would be lost, with a droplet also the host's identity in the mesh, and nobody has named it.",
    advice: ["Take the change back, or name the member: tm deploy --replace NAME."],
  },
  TM_CLOUD_OTHER_HOST: {
    title: "A member's host would become one of another kind",
    cause:
      "A droplet and a host that was there before are two machines with two host keys. Under one name the second would take the " +
      "place of the first, which would keep what was installed on it.",
    advice: [
      "Take the member out of the mesh first, and the mesh off its old host: tm remove-node NAME. Then tm deploy.",
      "A coordinator: give the new host a name of its own, and keep the old one as a node until it has moved.",
    ],
  },
  TM_CLOUD_PROTECTED: {
    title: "This would take away what the stack protects",
    cause:
      "`protect` and `volume.keep` forbid that Terraform removes or replaces it, whatever change of the stack asks for that.",
    advice: [
      "Take the change back: what is new since the last deploy is in the stack file's history.",
      "If it is meant: take `protect` (or `keep`) out of the stack file, deploy, and put it back afterwards.",
    ],
  },
  TM_CLOUD_NO_DROPLET: {
    title: "There is no droplet for this member here",
    cause: "No deploy has made it yet, or neither this project's .tm nor Terraform's state says where it is.",
    advice: ["Make it: tm deploy."],
  },
  TM_CLOUD_PROOF: {
    title: "Whoever answers at the droplet's address is not the droplet",
    cause:
      "It shows a host key that is not in the proof that the droplet wrote at its first boot. Nothing was installed there, and nothing secret was said.",
    advice: [
      "Do not go on before you know why: compare on the droplet's console in the control panel: cat /etc/ssh/ssh_host_ed25519_key.pub",
      'When that is the key, give it: tm deploy --host-key "NAME=ssh-ed25519 AAAA…"',
      "To have a new droplet in its place: tm deploy --replace NAME.",
    ],
  },
  TM_CLOUD_PROOF_MISSING: {
    title: "The droplet does not prove its host key",
    cause: "Its first script has not written the proof within a minute: it did not run, or failed.",
    advice: [
      "Run tm deploy again: a slow first boot may be over by then.",
      'Or compare the key on the droplet\'s console and give it: tm deploy --host-key "NAME=ssh-ed25519 AAAA…"',
      "On the console: cloud-init status --long",
    ],
  },
  TM_CLOUD_SETUP: {
    title: "The setup of a droplet failed",
    cause: "The script that the stack gives for it ended with an error. It runs again with the next deploy.",
    advice: ["Mend the script, then run tm deploy again."],
  },
  TM_CLOUD_INSTALL: {
    title: "The cloud is as the stack says, but the mesh is not finished",
    cause: "The hosts are made; what came after that failed.",
    advice: ["Run tm deploy again: it goes on from there."],
    exitCode: 5,
  },
} as const satisfies Record<`TM_${string}`, ErrorEntry>;
