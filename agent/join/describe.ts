// `join --describe`: what an installer must know of a mesh before it can write the host's configuration.
import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { NodeId } from "../../protocol/brand.ts";
import { isTunnelMeshError } from "../../protocol/errors/error.ts";
import type { JoinToken } from "../../protocol/trust/join-token.ts";
import { nodeIdOf, parseSshPublicKey } from "../../protocol/trust/ssh-public-key.ts";
import { openMesh } from "./open-mesh.ts";

export interface MeshDescription {
  readonly v: 1;
  readonly mesh: string;
  readonly meshId: string;
  readonly domain: string;
  readonly range: string;
  readonly tid: string;
  readonly groups: readonly string[];
  readonly ephemeral: boolean;
  /** Unix seconds. */
  readonly expires: number;
  readonly usesLeft: number;
}

/** @param identity private key file of the host that is to join: one that has joined already is told so by a used-up token too */
export async function describeMesh(
  token: JoinToken,
  identity: string,
  release: string,
  nowUnixSeconds: number,
): Promise<MeshDescription> {
  const { channel, view, entry, usesLeft } = await openMesh(token, await readNid(identity), release, nowUnixSeconds);
  channel.close();
  const { name: mesh, meshId, domain, range } = view;
  const { tid, groups, ephemeral, exp: expires } = entry;
  return { v: 1, mesh, meshId, domain, range, tid, groups, ephemeral, expires, usesLeft };
}

/** The id of whose public key lies beside `identity`; a random one where there is none. */
async function readNid(identity: string): Promise<NodeId> {
  try {
    return nodeIdOf(parseSshPublicKey(await readFile(`${identity}.pub`, "utf8")));
  } catch (error) {
    if (isTunnelMeshError(error) || (error as NodeJS.ErrnoException).code !== undefined) {
      return randomBytes(32).toString("hex") as NodeId;
    }
    throw error;
  }
}
