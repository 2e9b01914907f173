// tm client add: makes a stock WireGuard client a member, and the configurations that it imports.
import { randomBytes } from "node:crypto";
import path from "node:path";
import { parseIpv4 } from "../../../protocol/addresses/parse.ts";
import { nodeIp6 } from "../../../protocol/addresses/ula.ts";
import { TunnelMeshError } from "../../../protocol/errors/error.ts";
import { clientPsk, sealClientSecret } from "../../../protocol/trust/client-secret.ts";
import { labelField } from "../../../protocol/trust/fields.ts";
import { nodeIdOf } from "../../../protocol/trust/ssh-public-key.ts";
import { applyItems } from "../../../protocol/trust/view.ts";
import { changeMesh, type MeshChange } from "../deploy/change-mesh.ts";
import { strangeGroups } from "../deploy/token-fields.ts";
import { type ClientConfiguration, meshRanges } from "./configuration.ts";
import type { AddClient, AddClientParameters, AddClientResult } from "./contract.ts";
import { clientFolder, removeFiles, writeClient } from "./files.ts";
import { checkKnowledge, chooseGateways, type Gateway, waitUntilReady } from "./gateways.ts";
import { type ClientKey, clientKey, encodeKey, refuseUsedKey } from "./keys.ts";

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
  const { run, journal, coordinator, hub, outcomes } = change;
  const { name, groups, lifetime } = parameters;
  const { signal, progress, loaded } = run.context;
  const { name: mesh, stage } = run.model;
  refuseTakenName(change, name);
  // Home has no node's keys; each is signed by its node, whoever hands it on.
  const { view } = applyItems(journal.view, await coordinator.items(), unixSeconds());
  refuseUsedKey(view, key);
  const gateways = chooseGateways(view, parameters.via, outcomes, parameters.endpoints);
  await checkKnowledge([hub, ...gateways.flatMap(({ host }) => host ?? [])], mesh, signal);
  const nid = nodeIdOf(key.sshKey);
  const { ip4 } = await coordinator.reserve(nid, name);
  const { meshId } = journal.view;
  const ip6 = nodeIp6(meshId, key.sshKey.blob);
  const secret = new Uint8Array(randomBytes(32));
  const wraps: string[] = [];
  for (const { member } of gateways) wraps.push(await sealClientSecret(member.keys.ctl, meshId, nid, secret));
  const configurations = gateways.map(
    (gateway): ClientConfiguration => ({
      ...{ mesh, name, ip4, ip6, privateKey: key.privateKey, allowedIps: meshRanges(journal.view) },
      gateway: describe(gateway, encodeKey(clientPsk(secret, meshId, key.publicKey, gateway.member.keys.x25519))),
    }),
  );
  secret.fill(0);
  const folder =
    parameters.out === undefined ? clientFolder(loaded.projectFolder, stage, name) : path.resolve(parameters.out);
  // The key is on the disk before anybody signs for it: a client that cannot connect would only be in the way.
  const written = await writeClient(folder, configurations);
  const expires = lifetime === undefined ? 0 : unixSeconds() + lifetime;
  try {
    const via = gateways.map(({ member }) => member.nid);
    const place = { name, ip4: parseIpv4(ip4), groups: [...new Set(groups)], expires, origin: "add-node" } as const;
    await journal.grant([{ sshPublicKey: key.sshKey.line, ...place, via, wraps }]);
  } catch (error) {
    // Signed and at home already, a later command sends it on: then the files are needed.
    if (!journal.view.members.has(nid)) await removeFiles(written);
    throw error;
  }
  const row = progress.row(name);
  row.update("telling its gateways");
  const waiting = await waitUntilReady(gateways, nid, mesh, signal);
  row.done(ip4);
  return {
    ...{ mesh, stage, name, nid, ip4, ip6, publicKey: encodeKey(key.publicKey), expires, groups, waiting },
    gateways: written.map(({ gateway, ...files }, index) => ({
      name: gateway,
      endpoint: gateways[index]!.endpoint,
      ...files,
    })),
    strangeGroups: strangeGroups(run.model, groups),
  };
}

function unixSeconds(): number {
  return Math.floor(Date.now() / 1000);
}

function describe({ member, endpoint }: Gateway, presharedKey: string): ClientConfiguration["gateway"] {
  return { name: member.name, publicKey: encodeKey(member.keys.x25519), presharedKey, endpoint };
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
