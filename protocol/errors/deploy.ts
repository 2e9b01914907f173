// Error catalogue: what can go wrong around deploying a mesh and changing it.
import type { ErrorEntry } from "./entry.ts";

export const deployErrors = {
  TM_DEPLOY_CLONED_HOST_KEY: {
    title: "Two hosts have the same SSH host key",
    cause: "Hosts made from one image often share a host key, and a host key is the identity of a node.",
    advice: [
      "Make new host keys on one of them: rm /etc/ssh/ssh_host_*_key* && ssh-keygen -A && systemctl restart ssh",
      "Then remove its old line from known_hosts (ssh-keygen -R HOST) and deploy again.",
    ],
  },
  TM_DEPLOY_HOST_REPLACED: {
    title: "The host under this name has another host key than the member it was",
    cause: "The machine was rebuilt, or the name now leads to another machine; the mesh knows the old one.",
    advice: [
      "If the machine was rebuilt on purpose: tm rekey NAME",
      "If the name now leads to another machine: put the right address into the stack file.",
    ],
  },
  TM_DEPLOY_REKEY_REFUSED: {
    title: "The host's new key was not confirmed, so nothing was changed",
    cause: "A member is its host key: whoever can put another key in its place is that member.",
    advice: [
      "Compare the fingerprint on the host's own console: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub",
      'Then run it again and say yes, or give the key: tm rekey NAME --host-key "ssh-ed25519 AAAA…"',
    ],
  },
  TM_DEPLOY_REKEY_LOCAL: {
    title: "A local host needs no rekey",
    cause: "One that was made anew takes the place of the old one at the next deploy.",
    advice: ["Run tm deploy."],
  },
  TM_DEPLOY_REKEY_COORDINATOR: {
    title: "The coordinator's host cannot be given another key in place",
    cause: "Every member knows the coordinator by what was on the old machine.",
    advice: [
      "Put the old host keys back from a backup (/etc/ssh/ssh_host_*), restart ssh, then tm deploy.",
      "Else give the coordinator a new name in the stack file, then tm deploy: a new one takes over what members hold.",
    ],
  },
  TM_DEPLOY_RENAMED: {
    title: "This host is already a member under another name",
    cause: "A member keeps its name until the stack says that it was renamed.",
    advice: ['Add formerly: "OLD-NAME" to the node in the stack file, or give it its old name back.'],
  },
  TM_DEPLOY_COORDINATOR_UNREACHABLE: {
    title: "The coordinator's host cannot be reached, so nothing was installed anywhere",
    cause: "The coordinator is installed first: every other host needs what it makes.",
    advice: ["Mend what the cause says, then run tm deploy again."],
  },
  TM_DEPLOY_LOCAL_MISSING: {
    title: "This local host is not running",
    cause: "Local hosts do not outlive a restart of this machine.",
    advice: ["Run tm deploy: it makes the host again and takes it into the mesh."],
  },
  TM_DEPLOY_OTHER_STACK: {
    title: "This stage's mesh file belongs to another stack",
    cause: "A project keeps one mesh per stage.",
    advice: ["Name another stage: --stage NAME", "Or give the stack a project folder of its own."],
    exitCode: 64,
  },
  TM_DEPLOY_OTHER_MESH: {
    title: "This host belongs to another mesh of the same name",
    cause: "Its mesh id is not the one of this project's mesh file.",
    advice: [
      "If the mesh file was lost, get it back from git or from a colleague.",
      "If the host should leave that mesh: run tm destroy where that mesh is at home.",
    ],
  },
  TM_DEPLOY_NOT_DEPLOYED: {
    title: "This stack is not deployed yet",
    cause: "There is no mesh file for this stage.",
    advice: ["Run tm deploy first."],
  },
  TM_DEPLOY_MODEL_CHANGED: {
    title: "The stack says something about the mesh that its genesis does not",
    cause: "Admins, range and domain are signed into the first line of the mesh file and stay as they are.",
    advice: ["Put the value back, or tm destroy and deploy again to begin a new mesh."],
    exitCode: 3,
  },
  TM_DEPLOY_LEASE_HELD: {
    title: "Somebody else is deploying this mesh right now",
    cause: "One deploy at a time holds the lease of a mesh.",
    advice: ["Wait for it to end.", "If it died on another machine: tm unlock."],
  },
  TM_DEPLOY_DOWNGRADE: {
    title: "A host has a newer release than this one",
    cause: "Older code may not understand what a newer one has written.",
    advice: ["Deploy from a newer clone.", "If going back is meant: --downgrade."],
  },
  TM_DEPLOY_PARTIAL: {
    title: "Some hosts were not finished",
    cause: "The others are deployed; what failed is listed with its cause.",
    advice: ["Mend the cause and run tm deploy again: it goes on from there."],
    exitCode: 5,
  },
  TM_DEPLOY_NOT_HEALTHY: {
    title: "The agent is installed but did not come up in time",
    cause: "It did not report that it is a member and connected.",
    advice: ["Read its log on the host: journalctl -u 'tunnelmesh-agent@*' -n 50"],
  },
  TM_DEPLOY_NO_ROUTE: {
    title: "Two members do not reach each other",
    cause: "Every ping between them inside the mesh was lost.",
    advice: ["Look at both with tm status, and at their logs."],
  },
  TM_DEPLOY_URL_NEEDED: {
    title: "The coordinator is behind a ProxyJump, so its address for the others is not known",
    cause: "Agents connect to the coordinator directly, not through SSH.",
    advice: ['Say it in the stack: mesh.coordinator(name, host, { url: "ws://HOST:8443" }).'],
  },
  TM_DEPLOY_UNKNOWN_NODE: {
    title: "No member has this name",
    cause: "The mesh has no member of that name.",
    advice: ["See the names with tm status."],
  },
  TM_DEPLOY_APART: {
    title: "This member joined by itself, and how SSH finds it from here is not known",
    cause: "Whoever joins by a token needs no SSH; only a machine that is in the mesh reaches it there.",
    advice: [
      "Run the command on that machine.",
      "Or let this machine join the mesh too (tm token create, tm join): SSH then goes through it.",
    ],
  },
  TM_DEPLOY_UNKNOWN_GROUP: {
    title: "No member is in this group",
    cause: "Neither the stack nor a member that was added by hand names it.",
    advice: ["See the groups with tm inventory."],
  },
  TM_DEPLOY_UNREACHED: {
    title: "The command did not run to its end on every host",
    cause: "Those that could not be reached, or were lost, are listed; it ran on the others.",
    advice: ["Mend the cause and run it again."],
    exitCode: 5,
  },
  TM_DEPLOY_IN_STACK: {
    title: "This member is in the stack file",
    cause: "The next tm deploy would bring it back.",
    advice: ["Remove its line from the stack file and run tm deploy."],
  },
  TM_DEPLOY_NAME_TAKEN: {
    title: "A member of this name exists already",
    cause: "Names in a mesh are unique.",
    advice: ["Choose another name with --name."],
  },
  TM_DEPLOY_REFUSED: {
    title: "The coordinator refused a signed item",
    cause: "It was verified against the mesh's log and does not fit.",
    advice: [
      "Run it again: the newest log is fetched first.",
      "If it stays: tm status shows the log's head on each host.",
    ],
  },
} as const satisfies Record<`TM_${string}`, ErrorEntry>;
