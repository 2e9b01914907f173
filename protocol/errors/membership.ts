// Error catalogue: what can go wrong around members that come and go outside a deploy.
import type { ErrorEntry } from "./entry.ts";

export const membershipErrors = {
  TM_MEMBER_NOT_ROOT: {
    title: "Joining needs root on this machine",
    cause: "It makes an interface, routes and a service, and sudo would not do it without a question.",
    advice: ["Run it again with sudo in front."],
  },
  TM_MEMBER_OTHER_MESH: {
    title: "This machine is in another mesh of the same name",
    cause: "Meshes of one name cannot stand side by side on a machine.",
    advice: ["To leave that one: tm leave --local"],
  },
  TM_MEMBER_STACK_HOST: {
    title: "The coordinator of this mesh runs on this machine",
    cause: "A stack file names it, and tm deploy keeps it as that says.",
    advice: ["Change it where the stack file is: tm deploy, or tm destroy."],
  },
  TM_MEMBER_NOT_HERE: {
    title: "This machine is not in that mesh",
    cause: "Nothing of it is installed here, or more than one mesh is.",
    advice: ["See what is here: ls /etc/tunnelmesh"],
  },
  TM_MEMBER_TOKEN_EXPOSED: {
    title: "A token for several machines is not taken as an argument",
    cause: "Everybody on this machine could have read it in the process list, and it lets further machines in.",
    advice: ["Give it on stdin: tm join < FILE", "If others use this machine, take the token back: tm token revoke"],
  },
  TM_CI_TOKEN: {
    title: "TM_CI_TOKEN does not sign for this mesh",
    cause:
      "A deploy signs with a token that was made with --ci, is in the mesh's log, and is neither expired nor revoked.",
    advice: ["Make a new one, and put it into the job's secrets: tm token create --ci --uses 20 --expires 30d"],
    exitCode: 3,
  },
  TM_CI_NEEDS_ADMIN: {
    title: "This deploy needs an admin's signature, so nothing was applied",
    cause:
      "A token admits new members in its groups; revocations, changes of members and the coordinator are an admin's to sign.",
    advice: [
      "Sign it in the change itself, and commit the mesh file: tm sign",
      "Or deploy from a machine of an admin: tm deploy",
    ],
    exitCode: 3,
  },
  TM_TOKEN_OLD_RELEASE: {
    title: "A host of the mesh runs a release that does not know tokens",
    cause: "Its agent would stop at the first entry of a token in the log, and keep only the members that it knows.",
    advice: ["Run tm deploy first, so that all hosts have this release."],
  },
  TM_TOKEN_FIELD: {
    title: "A token cannot be made for this",
    cause: "Names and groups are one DNS label each; addresses are free ones of the mesh's range.",
    advice: ["See the names and addresses in use: tm inventory"],
    exitCode: 64,
  },
  TM_TOKEN_UNKNOWN: {
    title: "The mesh has no such token",
    cause: "No entry of its log has this id.",
    advice: ["See the ids: tm token list"],
  },
  TM_TOKEN_NOBODY_ASKED: {
    title: "Nobody could be asked for the tokens of the mesh",
    cause: "Neither the coordinator nor a member was reached.",
    advice: ["See why: tm status"],
  },
} as const satisfies Record<`TM_${string}`, ErrorEntry>;
