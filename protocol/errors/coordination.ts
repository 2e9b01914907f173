// Error catalogue: what can go wrong around coordination.
import type { ErrorEntry } from "./entry.ts";

export const coordinationErrors = {
  TM_COORDINATION_CONFIGURATION: {
    title: "The coordinator cannot read what it needs to start",
    cause: "Its configuration or the mesh file is missing, damaged or of another version.",
    advice: ["Run tm deploy: it writes both again."],
  },
  TM_COORDINATION_OTHER_MESH: {
    title: "The coordinator's state and its configuration are of different meshes",
    cause: "The mesh id in its configuration is not the hash of the genesis that it holds.",
    advice: ["Run tm destroy where the old mesh is at home, then deploy again."],
  },
  TM_COORDINATION_RUNNING: {
    title: "This coordinator is running already",
    cause: "Another process has its database or its admin socket open.",
    advice: ["Look at it: systemctl status 'tunnelmesh-coordinator@*'"],
  },
  TM_COORDINATION_LISTEN: {
    title: "The coordinator cannot listen on its port",
    cause: "Another program has the port, or the address is not one of this host.",
    advice: ["See who has it: ss -ltnp 'sport = :8443'"],
  },
  TM_COORDINATION_REQUEST: {
    title: "The coordinator did not understand a request",
    cause: "The request has a form that this release does not know.",
    advice: ["Run tm deploy, so that tm and the coordinator have the same release."],
  },
  TM_COORDINATION_RESERVATION: {
    title: "A name or an address cannot be reserved",
    cause: "It belongs to another node, or does not fit the mesh.",
    advice: ["Choose another name, or leave the address out: the lowest free one is taken."],
  },
  TM_COORDINATION_RANGE_FULL: {
    title: "The mesh's range has no free address",
    cause: "Every address of the range is reserved or granted.",
    advice: ["Remove nodes that are gone: tm remove-node NAME"],
  },
  TM_COORDINATION_CLONE: {
    title: "Two running agents have the same identity",
    cause: "Hosts made from one image often share a host key; the one that came later is refused.",
    advice: [
      "Make new host keys on one of them: rm /etc/ssh/ssh_host_*_key* && ssh-keygen -A && systemctl restart ssh",
      "Then deploy again.",
    ],
  },
  TM_COORDINATION_NOT_MEMBER: {
    title: "The coordinator does not know this node as a member",
    cause: "Its grant was revoked or has expired, or has not arrived yet.",
    advice: ["Run tm deploy or tm add-node for this host."],
  },
  TM_COORDINATION_KEYS_CHANGED: {
    title: "The node's keys have changed",
    cause: "A channel belongs to the control key that opened it; the node has signed a newer one.",
    advice: ["Nothing to do: the agent connects again with its new key."],
  },
  TM_COORDINATION_QUOTA: {
    title: "More was sent than the coordinator takes from one node",
    cause: "Each node and each stranger has a quota of messages and bytes.",
    advice: ["Nothing to do for a short burst; if it stays, read the agent's log."],
  },
  TM_COORDINATION_STOPPING: {
    title: "The coordinator is stopping",
    cause: "It was stopped or is being upgraded.",
    advice: ["Nothing to do: agents connect again, and running tunnels go on."],
  },
  TM_AGENT_CONFIGURATION: {
    title: "The agent's configuration does not read",
    cause: "tm writes agent.json at install; it is missing, damaged or of another version.",
    advice: ["Run tm deploy again: it writes the file anew."],
  },
  TM_AGENT_IDENTITY: {
    title: "This node's SSH key cannot be used",
    cause: "The agent reads the host key named in agent.json and signs with it; no passphrase can be asked for.",
    advice: ["Check that the file is there and plain: ssh-keygen -y -P '' -f FILE", "Then start the agent again."],
  },
  TM_AGENT_IDENTITY_CHANGED: {
    title: "The SSH key of this host is not the one that the mesh knows",
    cause: "The host key was replaced, or the machine was cloned; the key is the node's identity.",
    advice: ["If that was meant: tm rekey NODE on an admin's machine.", "Else put the old host key back."],
  },
  TM_AGENT_MAP: {
    title: "There is no genesis of this mesh on the host",
    cause: "Neither the installed mesh file nor the agent's own copy belongs to the mesh id in agent.json.",
    advice: ["Run tm deploy again: it installs the mesh file."],
  },
  TM_AGENT_NETWORK_SECRET: {
    title: "The network secret on this host does not read",
    cause: "The file is damaged, or belongs to another mesh.",
    advice: ["Run tm deploy again: it brings the secret from the coordinator's host."],
  },
  TM_AGENT_ALREADY_RUNNING: {
    title: "Another agent of this mesh runs on this host",
    cause: "Its control socket answers.",
    advice: ["See it: systemctl status 'tunnelmesh-agent@*'"],
  },
  TM_AGENT_REQUEST: {
    title: "The agent does not understand the request",
    cause: "One line of JSON with a known method is expected, within the limits of size and time.",
    advice: ["Use the tm of the same release as the agent."],
  },
  TM_AGENT_UNKNOWN_PEER: {
    title: "No peer has this name, address or node id",
    cause: "The agent's map has no other member like it that has signed its keys.",
    advice: ["See the peers: tm status"],
  },
  TM_AGENT_NOT_UP: {
    title: "The mesh is not up on this host",
    cause: "The agent waits for its grant, or was refused.",
    advice: ["See why: tm status"],
  },
} as const satisfies Record<`TM_${string}`, ErrorEntry>;
