// Renders outputs: what is known after apply stands as "${NODE.ATTRIBUTE}".
import { partsOf, type Reference } from "../later.ts";
import type { MeshRecord } from "../mesh.ts";
import type { Refuse } from "./refuse.ts";

/** @throws TunnelMeshError TM_STACK_VALUE, TM_STACK_OTHER_MESH */
export function synthesizeOutputs(
  outputs: Readonly<Record<string, unknown>>,
  mesh: MeshRecord,
  refuse: Refuse,
): Record<string, string> {
  const rendered = Object.keys(outputs)
    .toSorted()
    .map((name) => {
      const parts = partsOf(outputs[name]);
      return [name, parts.map((part) => (typeof part === "string" ? part : render(name, part, mesh, refuse))).join("")];
    });
  return Object.fromEntries(rendered);
}

function render(output: string, { source, name }: Reference, mesh: MeshRecord, refuse: Refuse): string {
  const member = mesh.members.find(({ node, host }) => node === source || host === source);
  if (member !== undefined) return `\${${member.name}.${name}}`;
  throw refuse(
    "TM_STACK_OTHER_MESH",
    { what: `output ${output}` },
    "it uses a node or a host that is not in this mesh",
  );
}
