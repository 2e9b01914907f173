// Error catalogue: what can go wrong around members that come and go outside a deploy.
import type { ErrorEntry } from "./entry.ts";

export const membershipErrors = {
  TM_MEMBER_NOT_ROOT: {
    title: "Joining needs root on this machine",
    cause: "It makes an interface, routes and a service, and sudo would not do it without a question.",
    advice: ["Run it again with sudo in front."],
  },
} as const satisfies Record<`TM_${string}`, ErrorEntry>;
