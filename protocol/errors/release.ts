// Error catalogue: what can go wrong around making a release.
import type { ErrorEntry } from "./entry.ts";

export const releaseErrors = {
  TM_RELEASE_FETCH: {
    title: "A part of the release could not be fetched",
    cause: "Node and one library for the hosts come from the npm registry once, and npm could not get them.",
    advice: ["Check the network and npm's registry setting (npm config get registry), then run it again."],
  },
  TM_RELEASE_INTEGRITY: {
    title: "A part of the release is not the one that is pinned",
    cause: "The registry or a mirror served another archive than the one this version of tm was made with.",
    advice: ["Do not use that registry: what it serves has been altered. Set another one and run it again."],
  },
} as const satisfies Record<`TM_${string}`, ErrorEntry>;
