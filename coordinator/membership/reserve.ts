// Reservations of names and IPv4 addresses: idempotent, unique among reservations and members.
import { allotIpv4 } from "../../protocol/addresses/allot.ts";
import { cidrContains } from "../../protocol/addresses/cidr.ts";
import { parseIpv4 } from "../../protocol/addresses/parse.ts";
import type { NodeId } from "../../protocol/brand.ts";
import type { Reservation } from "../../protocol/control/admin.ts";
import { TunnelMeshError } from "../../protocol/errors/error.ts";
import { labelField } from "../../protocol/trust/fields.ts";
import type { MeshView } from "../../protocol/trust/member.ts";
import type { Registry } from "./registry.ts";

export interface ReservationRequest {
  readonly nid: string;
  readonly name: string;
  readonly ip4?: string | undefined;
}

/**
 * What `request` gets, given what others hold. Without `ip4` a node keeps the address that it has reserved or been granted,
 * else it gets the lowest free one.
 * @throws TunnelMeshError TM_COORDINATION_RESERVATION when it does not fit, TM_COORDINATION_RANGE_FULL
 */
export function chooseReservation(
  view: Pick<MeshView, "range" | "held">,
  reservations: readonly Reservation[],
  request: ReservationRequest,
): Reservation {
  const { nid, name } = request;
  if (!labelField.safeParse(name).success) throw refuse(`${JSON.stringify(name)} is not a DNS label`);
  const grants = [...view.held.grants.values()].map(({ grant }) => grant);
  const others = [...reservations, ...grants].filter((one) => one.nid !== nid);
  const owner = others.find((one) => one.name === name);
  if (owner !== undefined) throw refuse(`the name ${name} belongs to node ${owner.nid.slice(0, 16)}`);
  if (request.ip4 !== undefined) {
    const ip4 = readAddress(request.ip4, view.range);
    const holder = others.find((one) => one.ip4 === ip4);
    if (holder !== undefined) throw refuse(`the address ${ip4} belongs to node ${holder.nid.slice(0, 16)}`);
    return { nid, name, ip4 };
  }
  const taken = new Set(others.map((one) => one.ip4));
  const own = [reservations.find((one) => one.nid === nid)?.ip4, view.held.grants.get(nid as NodeId)?.grant.ip4];
  const ip4 = own.find((one) => one !== undefined && !taken.has(one)) ?? allotIpv4(view.range, taken);
  if (ip4 === undefined) throw new TunnelMeshError("TM_COORDINATION_RANGE_FULL", { detail: view.range });
  return { nid, name, ip4 };
}

/** Chooses and stores; durable when it resolves. @throws TunnelMeshError as `chooseReservation` */
export function reserve(registry: Registry, request: ReservationRequest): Promise<Reservation> {
  return registry.exclusively(async () => {
    const held = await registry.store.reservations();
    const chosen = chooseReservation(registry.view, held, request);
    const same = held.some(({ nid, name, ip4 }) => nid === chosen.nid && name === chosen.name && ip4 === chosen.ip4);
    if (!same && !(await registry.store.putReservation(chosen))) throw refuse("it was taken at the same moment");
    return chosen;
  });
}

function readAddress(text: string, range: string): string {
  try {
    const ip4 = parseIpv4(text);
    if (cidrContains(range, ip4)) return ip4;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  throw refuse(`${JSON.stringify(text)} is not an address of ${range}`);
}

function refuse(detail: string): TunnelMeshError {
  return new TunnelMeshError("TM_COORDINATION_RESERVATION", { detail });
}
