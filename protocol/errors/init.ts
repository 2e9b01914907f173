// Error catalogue: what can go wrong when a project is made.
import type { ErrorEntry } from "./entry.ts";

export const initErrors = {
  TM_INIT_NO_KEY: {
    title: "There is no SSH key to sign with",
    cause: "Whoever deploys a mesh signs it with an SSH key, and neither the SSH agent nor ~/.ssh has one that fits.",
    advice: ["Make one: ssh-keygen -t ed25519", "Name one that lies elsewhere: tm init --admin-key FILE"],
  },
  TM_INIT_SEVERAL_KEYS: {
    title: "Several SSH keys could sign, and nobody can be asked",
    cause: "Without a terminal, tm does not choose who is the admin of a mesh.",
    advice: ["Name one: tm init --admin-key FILE"],
    exitCode: 64,
  },
  TM_INIT_KEY_FILE: {
    title: "The file is no SSH key that can sign for a mesh",
    cause: "It cannot be read, or holds no key of a kind that may sign.",
    advice: ["Name a public key, or a private one: tm init --admin-key ~/.ssh/id_ed25519.pub"],
  },
  TM_INIT_FOLDER: {
    title: "The project could not be written",
    cause: "The folder cannot be made or written to.",
    advice: ["Look at its path and who may write there, then run it again: what was made is kept."],
  },
} as const satisfies Record<`TM_${string}`, ErrorEntry>;
