// tm outputs: what the stack gives out, with what is known from the mesh and from Terraform's state.
import { z } from "zod";
import { addressesOutput } from "../../../constructs/terraform/members.ts";
import { fillOutputs } from "../deploy/outputs.ts";
import { openMeshHome } from "../trust/mesh-home.ts";
import type { ShownOutput, StackOutputs } from "./contract.ts";
import { resultOf, withState } from "./open.ts";
import { readStored, type Stored } from "./stored.ts";

const addressesSchema = z.record(z.string(), z.object({ public_ip: z.string(), private_ip: z.string() }));

/** See the contract. */
export const stackOutputs: StackOutputs = async ({ showSecrets, ...context }) => {
  const { model, projectFolder, stage } = context.loaded;
  const { view } = await openMeshHome({ folder: projectFolder, stage }).read();
  const stored = await withState(context, readStored);
  const url = view?.coordinator?.urls[0];
  const hub = model.members.find(({ role }) => role === "coordinator");
  const known = {
    ...knownAddresses(stored),
    ...(url === undefined || hub === undefined ? {} : { [`${hub.name}.url`]: url }),
  };
  const own = Object.entries(fillOutputs(model.outputs, known)).map(([name, value]) => [name, plain(value)] as const);
  const added = Object.entries(stored?.outputs ?? {})
    .filter(([name]) => name !== addressesOutput)
    .map(([name, { value, sensitive }]): readonly [string, ShownOutput] => [
      name,
      { value: sensitive && !showSecrets ? "(sensitive)" : value, sensitive },
    ]);
  const outputs = Object.fromEntries([...added, ...own].toSorted(([left], [right]) => left.localeCompare(right, "en")));
  return { ...resultOf(context), outputs };
};

function plain(value: string): ShownOutput {
  return { value, sensitive: false };
}

/** "NODE.publicIp" and "NODE.privateIp" of every droplet that is there. */
function knownAddresses(stored: Stored | undefined): Readonly<Record<string, string>> {
  const addresses = addressesSchema.safeParse(stored?.outputs[addressesOutput]?.value).data ?? {};
  return Object.fromEntries(
    Object.entries(addresses).flatMap(([name, { public_ip: publicIp, private_ip: privateIp }]) => [
      [`${name}.publicIp`, publicIp],
      [`${name}.privateIp`, privateIp],
    ]),
  );
}
