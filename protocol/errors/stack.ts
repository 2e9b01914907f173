// Error catalogue: what can go wrong around finding, loading and synthesising a stack file.
import type { ErrorEntry } from "./entry.ts";

const dnsAdvice = "Use lower-case letters, digits and hyphens, at most 63 characters, as in a host name.";

export const stackErrors = {
  TM_STACK_NOT_FOUND: {
    title: "There is no stack file",
    cause: "tm looks at the argument, then at .tm/current, then for stack.ts in this folder and those above it.",
    advice: ["Name the file: tm deploy stacks/quickstart.ts", "Or write stack.ts in this folder."],
    exitCode: 64,
  },
  TM_STACK_STAGE: {
    title: "The stage is not usable",
    cause: "The stage becomes part of the mesh's name, which is a DNS label.",
    advice: [dnsAdvice],
    exitCode: 64,
  },
  TM_STACK_SEVERAL_STAGES: {
    title: "There are several stages, and none was named",
    cause: "More than one mesh file lies in mesh/, so tm does not guess.",
    advice: ["Name one: --stage NAME, or TM_STAGE, or write its name into .tm/stage."],
    exitCode: 64,
  },
  TM_STACK_SYNTAX: {
    title: "The stack file is not valid TypeScript",
    cause:
      "It could not be parsed, or uses TypeScript that has to be compiled (enum, namespace, parameter properties).",
    advice: ["Mend the place above."],
  },
  TM_STACK_IMPORT: {
    title: "The stack file imports something that is not there",
    cause: "A file or package that it names was not found from where it lies.",
    advice: ["Check the path, or install the package with npm."],
  },
  TM_STACK_FAILED: {
    title: "The stack file threw an error",
    cause: "The error comes from code of the stack.",
    advice: ["Mend the place above; --verbose shows the whole trace."],
  },
  TM_STACK_TIMEOUT: {
    title: "The stack file took too long",
    cause: "A stack describes and does not wait: something in it does not end.",
    advice: ["Take waiting and network access out of the stack file."],
  },
  TM_STACK_NO_DEFAULT: {
    title: "The file is not a stack",
    cause: "A stack file has a default export made by defineStack.",
    advice: ['Write: export default defineStack("NAME", ({ stage }) => { … return { mesh }; });'],
  },
  TM_STACK_NAME: {
    title: "The stack's name is not usable",
    cause: "STACK-STAGE is the mesh's name, a DNS label.",
    advice: [dnsAdvice],
  },
  TM_STACK_MEMBER_NAME: {
    title: "A member's name is not usable",
    cause: "A member's name is its name in DNS, NAME.mesh.",
    advice: [dnsAdvice],
  },
  TM_STACK_DUPLICATE_NAME: {
    title: "Two members have the same name",
    cause: "Names in a mesh are unique, for coordinators and nodes together.",
    advice: ["Give one of them another name."],
  },
  TM_STACK_NO_COORDINATOR: {
    title: "The mesh has no coordinator",
    cause: "One member introduces the others to each other.",
    advice: ['Make one member of it: mesh.coordinator("hub", host).'],
  },
  TM_STACK_SEVERAL_COORDINATORS: {
    title: "The mesh has more than one coordinator",
    cause: "A mesh has exactly one for now; it may fail without running tunnels noticing.",
    advice: ["Make the other one a node: mesh.node(name, host)."],
  },
  TM_STACK_RANGE: {
    title: "Address ranges do not fit together",
    cause: "The mesh's own range must be private IPv4 that nothing else in the stack uses.",
    advice: ['Choose another range, as new Mesh({ range: "10.123.0.0/16", … }).'],
  },
  TM_STACK_CIDR: {
    title: "An address range is not valid",
    cause: "A range is an address, a slash and a prefix length, with no host bits set.",
    advice: ['Write it as "192.168.1.0/24".'],
  },
  TM_STACK_PORT: {
    title: "A port is out of range",
    cause: "Ports are whole numbers from 1 to 65535; a range has its smaller number first.",
    advice: ['Write tcp(22), or tcp("8000-8099").'],
  },
  TM_STACK_ADMIN_KEY_PLACE: {
    title: "An admin key is not a file of this project",
    cause: "A key of a home folder is another person on every laptop, and nobody in CI.",
    advice: [
      "Copy the public key into the project: mkdir -p keys && cp ~/.ssh/id_ed25519.pub keys/NAME.pub",
      'Then name it relative to the stack file: admins: ["./keys/NAME.pub"].',
    ],
  },
  TM_STACK_ADMIN_KEY: {
    title: "An admin key cannot be used",
    cause: "An admin is one SSH public key: written in the stack, or in a file of the project.",
    advice: [
      "Name a .pub file that ssh-keygen made, or paste its line.",
      "Yours is most likely this one: mkdir -p keys && cp ~/.ssh/id_ed25519.pub keys/NAME.pub",
    ],
  },
  TM_STACK_ADMIN_KEY_PRIVATE: {
    title: "An admin key is a private key",
    cause: "The stack names public keys; the private half stays where it is.",
    advice: ["Name the .pub file beside it."],
  },
  TM_STACK_OTHER_MESH: {
    title: "Something of another mesh is used in this one",
    cause: "Nodes and groups belong to the mesh that made them.",
    advice: ["Use what mesh.node, mesh.coordinator and mesh.group of the same mesh gave."],
  },
  TM_STACK_SAME_HOST: {
    title: "Two members are on the same machine",
    cause: "A machine is one member of a mesh: its host key is its identity.",
    advice: ["Take one of them out, or give it another machine."],
  },
  TM_STACK_FORMERLY: {
    title: "A former name does not fit",
    cause: "formerly is the name that a member had and that nobody has now.",
    advice: ["Take formerly out once the rename is deployed."],
  },
  TM_STACK_VALUE: {
    title: "A value in the stack is not valid",
    cause: "It has another form than this property takes, or the property is misspelt.",
    advice: ["Mend the place above; an editor with TypeScript shows most of these while typing."],
  },
  TM_STACK_LATER: {
    title: "A value is used before it is known",
    cause: "Addresses of machines that do not exist yet are known only after apply.",
    advice: ["Put it into text`…` instead of a plain template or +."],
  },
} as const satisfies Record<`TM_${string}`, ErrorEntry>;
