// tm client add: makes a stock WireGuard client a member, and the configurations that it imports.
import path from "node:path";
import { TunnelMeshError } from "../../../protocol/errors/error.ts";
import { labelField } from "../../../protocol/trust/fields.ts";
import { applyItems } from "../../../protocol/trust/view.ts";
import { changeMesh, type MeshChange } from "../deploy/change-mesh.ts";
import type { AddClient, AddClientParameters, AddClientResult } from "./contract.ts";
import { clientFolder } from "./files.ts";
import { issueClient } from "./issue.ts";
import { type ClientKey, clientKey, refuseUsedKey } from "./keys.ts";

/** Adds a client; see the contract. Its private key is in the files alone, its secret in them and sealed in the grant. */
export const addClient: AddClient = (parameters) => {
  for (const text of [parameters.name, ...parameters.groups]) {
    if (!labelField.safeParse(text).success)
      throw new TunnelMeshError("TM_CLIENT_FIELD", { detail: `"${text}" is no name` });
  }
  const key = clientKey(parameters.publicKey);
  return changeMesh(parameters, { phase: "Adding a client", everybody: false, also: parameters.via }, (change) =>
    add(change, parameters, key),
  );
};

async function add(change: MeshChange, parameters: AddClientParameters, key: ClientKey): Promise<AddClientResult> {
  const { run, journal, coordinator } = change;
  const { name, groups, lifetime, via, endpoints, out } = parameters;
  refuseTakenName(change, name);
  // Home has no node's keys; each is signed by its node, whoever hands it on.
  const now = Math.floor(Date.now() / 1000);
  const { view } = applyItems(journal.view, await coordinator.items(), now);
  refuseUsedKey(view, key);
  const { projectFolder } = run.context.loaded;
  const folder = out === undefined ? clientFolder(projectFolder, run.model.stage, name) : path.resolve(out);
  const expires = lifetime === undefined ? 0 : now + lifetime;
  return await issueClient(change, view, { name, key, groups, expires, via, endpoints, folder });
}

function refuseTakenName({ run, journal }: MeshChange, name: string): void {
  const there = [...journal.view.members.values()].find((member) => member.name === name);
  if (there?.via !== undefined) {
    throw new TunnelMeshError("TM_DEPLOY_NAME_TAKEN", {
      detail: `${name} is a client already`,
      advice: [`To make it anew: tm client remove ${name}, then this again`, "Else choose another name."],
    });
  }
  const inStack = run.model.members.some((member) => member.name === name || member.formerly === name);
  if (there !== undefined || inStack) throw new TunnelMeshError("TM_DEPLOY_NAME_TAKEN", { detail: name });
}
