// Error catalogue: what can go wrong around the sandbox cloud.
import type { ErrorEntry } from "./entry.ts";

export const sandboxErrors = {
  TM_SANDBOX_START: {
    title: "The sandbox cloud does not do as it is told",
    cause: "Its process ended, or did not answer in time.",
    advice: ["Read the last lines of its log above.", "Take it away and start again: tm sandbox down, tm sandbox up."],
  },
  TM_SANDBOX_NOT_RUNNING: {
    title: "The sandbox cloud does not run",
    cause: "Nothing answers where it would be.",
    advice: ["Start it: tm sandbox up."],
  },
  TM_SANDBOX_OTHER_RELEASE: {
    title: "The sandbox cloud runs, and does not answer this release",
    cause: "Another checkout or another release has started it, or it hangs. One sandbox serves the whole machine.",
    advice: [
      "Put this release in its place; droplets and all else stay: tm sandbox up.",
      "Take it away with all it holds: tm sandbox down.",
    ],
  },
  TM_SANDBOX_RECORD: {
    title: "What the sandbox cloud has written cannot be read",
    cause: "The file is damaged, or a newer release wrote it.",
    advice: [
      "Use the checkout that made it.",
      "Take the sandbox away with all it holds, and start again: tm sandbox down, tm sandbox up.",
    ],
  },
  TM_SANDBOX_TARGET: {
    title: "The sandbox cloud has nothing that this names",
    cause: "A droplet and a firewall are named by their id or their name, a reserved address by itself.",
    advice: ["Look at what is there: tm sandbox status."],
  },
  TM_SANDBOX_REFUSED: {
    title: "The sandbox cloud refused",
    cause: "It answers as the service would; its own words stand above.",
    advice: ["Faults that were put in and wait: tm sandbox fault list."],
  },
  TM_SANDBOX_MESH: {
    title: "This mesh is in the sandbox cloud",
    cause: "It was deployed with --sandbox, and its hosts are machines of this computer.",
    advice: [
      "Say so again: --sandbox, or TM_SANDBOX=1 in the environment.",
      "For the service itself take another stage (--stage NAME), or end this one first: tm destroy --sandbox.",
    ],
    exitCode: 64,
  },
  TM_SANDBOX_OTHER_MESH: {
    title: "This mesh is not in the sandbox cloud",
    cause: "It was deployed without --sandbox, and its mesh file speaks of real hosts.",
    advice: ["Leave --sandbox out.", "To try something in the sandbox: take another stage, --sandbox --stage try."],
    exitCode: 64,
  },
} as const satisfies Record<`TM_${string}`, ErrorEntry>;
