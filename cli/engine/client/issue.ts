// Grants a client with a new secret, and writes the configurations that go with it: the same for a new client and for new files.
import { randomBytes } from "node:crypto";
import { parseIpv4 } from "../../../protocol/addresses/parse.ts";
import { nodeIp6 } from "../../../protocol/addresses/ula.ts";
import { clientPsk, sealClientSecret } from "../../../protocol/trust/client-secret.ts";
import type { MeshView } from "../../../protocol/trust/member.ts";
import { nodeIdOf } from "../../../protocol/trust/ssh-public-key.ts";
import type { MeshChange } from "../deploy/change-mesh.ts";
import { strangeGroups } from "../deploy/token-fields.ts";
import { type ClientConfiguration, meshRanges } from "./configuration.ts";
import type { AddClientResult } from "./contract.ts";
import { removeFiles, writeClient } from "./files.ts";
import { checkKnowledge, chooseGateways, type Gateway, waitUntilReady } from "./gateways.ts";
import { type ClientKey, encodeKey } from "./keys.ts";

export interface Issue {
  readonly name: string;
  readonly key: ClientKey;
  readonly groups: readonly string[];
  /** Unix seconds; 0 = never. */
  readonly expires: number;
  /** Names of members. */
  readonly via: readonly string[];
  readonly endpoints: Readonly<Record<string, string>>;
  /** Absolute path of the folder for the files. */
  readonly folder: string;
}

/**
 * Grants and writes; whatever configuration the client had before ends with it.
 * @param view with the keys of nodes, which home has not
 * @throws TunnelMeshError TM_CLIENT_GATEWAY, TM_CLIENT_NO_ENDPOINT, TM_CLIENT_OLD_RELEASE, TM_CLIENT_FILE
 */
export async function issueClient(change: MeshChange, view: MeshView, issue: Issue): Promise<AddClientResult> {
  const { run, journal, coordinator, hub, outcomes } = change;
  const { name, key, groups, expires, folder } = issue;
  const { signal, progress } = run.context;
  const { name: mesh, stage } = run.model;
  const gateways = chooseGateways(view, issue.via, outcomes, issue.endpoints);
  await checkKnowledge([hub, ...gateways.flatMap(({ host }) => host ?? [])], mesh, signal);
  const nid = nodeIdOf(key.sshKey);
  const { ip4 } = await coordinator.reserve(nid, name);
  const { meshId } = view;
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
  // The key is on the disk before anybody signs for it: a client that cannot connect would only be in the way.
  const written = await writeClient(folder, configurations);
  try {
    const via = gateways.map(({ member }) => member.nid);
    const place = { name, ip4: parseIpv4(ip4), groups: [...new Set(groups)], expires, origin: "add-node" } as const;
    await journal.grant([{ sshPublicKey: key.sshKey.line, ...place, via, wraps }]);
  } catch (error) {
    // Those of an earlier grant have the private key; and signed and at home already, a later command sends the new one on.
    if (!journal.view.members.has(nid)) await removeFiles(written);
    throw error;
  }
  const grantSeq = journal.view.members.get(nid)?.grantSeq ?? 0;
  const row = progress.row(name);
  row.update("telling its gateways");
  const waiting = await waitUntilReady(gateways, { nid, grantSeq }, mesh, signal);
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

function describe({ member, endpoint }: Gateway, presharedKey: string): ClientConfiguration["gateway"] {
  return { name: member.name, publicKey: encodeKey(member.keys.x25519), presharedKey, endpoint };
}
