// Error catalogue: what can go wrong around the command line itself.
import type { ErrorEntry } from "./entry.ts";

export const commandErrors = {
  TM_USAGE: {
    title: "The command was not understood",
    cause: "A flag or an argument is missing, unknown or has a value that does not fit.",
    advice: ["Run the command with --help to see what it takes."],
    exitCode: 64,
  },
  TM_NEEDS_CONFIRMATION: {
    title: "This needs a yes, and there is no terminal to ask on",
    cause: "Without a terminal, tm never asks and never assumes yes.",
    advice: ["Run it again with --yes."],
    exitCode: 64,
  },
  TM_DESTROY_PARTIAL: {
    title: "The mesh is destroyed, but some hosts could not be cleaned",
    cause:
      "They are listed with their cause. They are members of nothing now, and what is left on them reaches nobody.",
    advice: [
      "On a host that no other mesh uses: systemctl stop 'tunnelmesh-*'; rm -rf /etc/systemd/system/tunnelmesh-* /etc/systemd/system/*/tunnelmesh-* /opt/tunnelmesh /etc/tunnelmesh /var/lib/tunnelmesh",
    ],
    exitCode: 5,
  },
  TM_DECLINED: {
    title: "Nothing was changed",
    cause: "The question was not answered with yes.",
    advice: ["Run it again when it should happen."],
  },
  TM_INTERRUPTED: {
    title: "Interrupted",
    cause: "The command was stopped by Ctrl-C or a signal.",
    advice: ["Run it again: what was done is kept, and it goes on from there."],
    exitCode: 130,
  },
  TM_INTERNAL: {
    title: "tm met something it did not expect",
    cause: "This is a defect of tm.",
    advice: ["Run it again with --verbose and report what it prints."],
  },
} as const satisfies Record<`TM_${string}`, ErrorEntry>;
