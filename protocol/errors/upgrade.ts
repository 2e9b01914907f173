// Error catalogue: what can go wrong around going to another release and back.
import type { ErrorEntry } from "./entry.ts";

export const upgradeErrors = {
  TM_UPGRADE_ROLLED_BACK: {
    title: "The new release was not healthy on this host, so the host is back on the one before",
    cause:
      "After the switch its service did not start, did not connect or did not reach its peers; the reason is shown.",
    advice: [
      "The host runs as it did before, and no host after it was touched.",
      "Mend the cause and run tm deploy again, or deploy from the clone of the older release.",
    ],
    exitCode: 5,
  },
  TM_UPGRADE_ROLLBACK_FAILED: {
    title: "The host did not come up healthy on the release before",
    cause: "It was switched back, but its service does not start, connect or reach its peers; the reason is shown.",
    advice: [
      "Look at the host: tm doctor NODE",
      "Read its log on the host: journalctl -u 'tunnelmesh-*' -n 50",
      "Then run tm rollback or tm deploy again.",
    ],
    exitCode: 5,
  },
  TM_UPGRADE_STOPPED: {
    title: "The upgrade stopped before this host, which was not touched",
    cause: "A host before it was not healthy with the new release, and an upgrade never goes on past that.",
    advice: ["Mend the host that failed and run tm deploy again: it goes on from there."],
    exitCode: 5,
  },
  TM_UPGRADE_UNHEALTHY: {
    title: "The service runs but is not healthy with this release",
    cause: "It answers as another release, or it keeps restarting.",
    advice: ["Read its log on the host: journalctl -u 'tunnelmesh-*' -n 50"],
  },
  TM_UPGRADE_CANARY: {
    title: "This host cannot be the canary",
    cause:
      "The canary is the first node to be upgraded after the coordinator: a node of the stack that is not its host.",
    advice: ["Name a node of the stack with --canary, or leave it out: tm plan shows who goes first."],
    exitCode: 64,
  },
  TM_ROLLBACK_NO_PREVIOUS: {
    title: "There is no release before the present one on the host",
    cause: "It was never upgraded, or it was rolled back already: one release back is kept, not more.",
    advice: ["To go to a certain release: tm deploy from its clone, with --downgrade where it is older."],
    exitCode: 5,
  },
} as const satisfies Record<`TM_${string}`, ErrorEntry>;
