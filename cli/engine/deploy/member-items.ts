// What a member's agent holds, with when it saw what a token signed: an admin takes a member's word for that, never a coordinator's.
import { z } from "zod";
import { isTunnelMeshError } from "../../../protocol/errors/error.ts";
import { signedItemSchema } from "../../../protocol/trust/item.ts";
import type { KeptItem } from "../../../protocol/trust/view.ts";
import { agentRequest } from "../install/control.ts";
import type { HostConnection } from "../ssh/connection.ts";
import { itemsReplySchema } from "./remote.ts";

export const keptItemSchema = z
  .object({ item: signedItemSchema, seen: z.int().optional() })
  .transform(({ item, seen }): KeptItem => (seen === undefined ? { item } : { item, seen }));
const keptReplySchema = z.object({ items: z.array(keptItemSchema) });

/** Every item of the member, genesis first. @throws TunnelMeshError TM_SSH_SOCKET, TM_INSTALL_REPLY */
export async function askMember(
  connection: HostConnection,
  mesh: string,
  signal: AbortSignal,
): Promise<readonly KeptItem[]> {
  try {
    return keptReplySchema.parse(await agentRequest(connection, mesh, { method: "kept" }, signal)).items;
  } catch (error) {
    // A release from before tokens has no such request, and nothing that a token signed.
    if (!isTunnelMeshError(error) || error.code !== "TM_INSTALL_REFUSED") throw error;
    const reply = await agentRequest(connection, mesh, { method: "items" }, signal);
    return itemsReplySchema.parse(reply).items.map((item) => ({ item }));
  }
}
