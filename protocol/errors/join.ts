// Error catalogue: what can go wrong around tokens and joining by one.
import type { ErrorEntry } from "./entry.ts";

export const joinErrors = {
  TM_JOIN_NOT_ROOT: {
    title: "Joining needs root on this machine",
    cause: "It makes an interface, routes and a service, and sudo would not do it without a question.",
    advice: ["Run it again with sudo in front."],
  },
} as const satisfies Record<`TM_${string}`, ErrorEntry>;
