// The public API of the package: what a stack file imports from "tunnelmesh".
export { type Cidr, Droplet, type DropletProps, type Host, LocalHost, type Region, SshHost } from "./host.ts";
export { type Later, text } from "./later.ts";
export {
  type Coordinator,
  type Expectation,
  type Group,
  Mesh,
  type MeshNode,
  type MeshProps,
  type NodeProps,
  type Peer,
} from "./mesh.ts";
export { icmp, type Service, tcp, udp } from "./service.ts";
export { defineStack, type Stack, type StackResult } from "./stack.ts";
export { type State, state } from "./state.ts";
