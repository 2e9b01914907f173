// Error catalogue: what can go wrong when a machine joins by token.
import type { ErrorEntry } from "./entry.ts";

export const joinErrors = {
  TM_JOIN_TOKEN: {
    title: "This is not a join token",
    cause: "A token begins with tmj1_ and ends in a checksum; this text is cut, mistyped or something else.",
    advice: ["Copy the whole token again, from tmj1_ to its end.", "Make a new one: tm token create"],
  },
  TM_JOIN_TOKEN_RELEASE: {
    title: "This token was made by another release",
    cause: "It asks for something that this release does not know, or holds a field out of its bounds.",
    advice: ["Join with the release that made the token.", "Or make a new one with this release: tm token create"],
  },
  TM_JOIN_EXPIRED: {
    title: "The token has expired",
    cause: "Tokens are good for a limited time, a day unless said otherwise.",
    advice: ["Make a new one on an admin's machine: tm token create"],
  },
  TM_JOIN_USED_UP: {
    title: "The token is used up",
    cause: "As many nodes as it was made for have joined by it.",
    advice: ["See which: tm token list", "Make a new one on an admin's machine: tm token create --uses N"],
  },
  TM_JOIN_REVOKED: {
    title: "The token was revoked",
    cause: "An admin took it back.",
    advice: ["Ask an admin of the mesh for a new one: tm token create"],
  },
  TM_JOIN_UNKNOWN_TOKEN: {
    title: "The mesh does not know this token",
    cause:
      "Its entry is not in the mesh's log: it was never sent to the coordinator, or belongs to a mesh that was destroyed.",
    advice: ["Look on an admin's machine: tm token list", "Make a new one: tm token create"],
  },
  TM_JOIN_OTHER_MESH: {
    title: "What the coordinator holds is not the token's mesh",
    cause:
      "The hash of its genesis is not the mesh id in the token, or this host already belongs to another mesh of that name.",
    advice: ["Make a new token where the mesh is at home: tm token create"],
  },
  TM_JOIN_COORDINATOR_KEY: {
    title: "Whoever answers does not have the token's coordinator key",
    cause: "The address belongs to another service by now, or the coordinator was made anew since the token was.",
    advice: ["Make a new token: tm token create", "Check that the address in the token is the coordinator's."],
  },
  TM_JOIN_UNREACHABLE: {
    title: "The coordinator cannot be reached",
    cause: "None of the addresses in the token took a connection from this host.",
    advice: ["Check that TCP 8443 of the coordinator is open for this host.", "Look at the coordinator: tm status"],
  },
  TM_JOIN_NAME_TAKEN: {
    title: "The name cannot be had",
    cause: "Another node has it, the stack keeps it for one of its own, or the token was made for other names.",
    advice: ["Choose another name, or leave it out to get a free one."],
  },
  TM_JOIN_CLOCK: {
    title: "This host's clock is far off",
    cause: "It differs from the coordinator's by more than an hour, so expiry cannot be judged.",
    advice: ["Set the clock: timedatectl set-ntp true", "Then join again."],
  },
  TM_JOIN_REFUSED: {
    title: "The mesh refused this join",
    cause: "The coordinator, or this host's own check, found that the grant does not hold.",
    advice: ["Look at the reason after the colon.", "Ask an admin of the mesh."],
  },
  TM_JOIN_SECRET: {
    title: "The token does not open the network secret",
    cause: "The token's entry carries no generation of it that was sealed to this token.",
    advice: ["Make a new token: tm token create"],
  },
} as const satisfies Record<`TM_${string}`, ErrorEntry>;
