// Short answers of the coordinator, encoded.
import { encodeCoordination } from "../../protocol/coordination/frame.ts";
import type { Link } from "./link.ts";

export function encodeWelcome(session: Link, member: boolean): Uint8Array {
  const { registry } = session.context;
  const { mapVersion, store } = registry;
  return encodeCoordination("welcome", { v: 1, member, observed: session.address, store: store.id, mapVersion });
}

/** @param code a code of the error catalogue, `TM_COORDINATION_…` */
export function encodeNotice(code: string, message: string): Uint8Array {
  return encodeCoordination("notice", { code, message: message.slice(0, 512) });
}
