// Where a client finds a gateway: as the admin says, else where SSH reached it, if everybody can.
import ipaddr from "ipaddr.js";
import { tunnelPort } from "../../../protocol/constants.ts";
import { TunnelMeshError } from "../../../protocol/errors/error.ts";

/** How a gateway's host was reached. */
export interface ReachedWhere {
  readonly address: string;
  readonly viaProxy: boolean;
  /** A host on this machine: what can reach it is here as well. */
  readonly local: boolean;
}

/**
 * "ADDRESS:PORT" or "[ADDRESS]:PORT".
 * @param given what the admin says: an address or name, with a port or without
 * @throws TunnelMeshError TM_CLIENT_NO_ENDPOINT, with how to say one; TM_CLIENT_FIELD
 */
export function endpointOf(name: string, where: ReachedWhere | undefined, given: string | undefined): string {
  if (given !== undefined) return readEndpoint(given);
  const reason = unreachable(where);
  if (reason === undefined && where !== undefined) return joinEndpoint(where.address, tunnelPort);
  throw new TunnelMeshError("TM_CLIENT_NO_ENDPOINT", {
    detail: `${name}: ${reason}`,
    advice: [
      `Say where clients find it: --endpoint ${name}=ADDRESS:${tunnelPort}`,
      "Or name another gateway with --via.",
    ],
  });
}

function unreachable(where: ReachedWhere | undefined): string | undefined {
  if (where === undefined) return "it is not in the stack, so where it is reached is not known";
  if (where.viaProxy) return "SSH reaches it by a ProxyJump, and clients take no such way";
  if (where.local) return undefined;
  if (!ipaddr.isValid(where.address)) return undefined;
  const kind = ipaddr.process(where.address).range();
  return kind === "unicast" ? undefined : `SSH reaches it at ${where.address}, which is not an address of the internet`;
}

function readEndpoint(text: string): string {
  const bracketed = /^\[([0-9a-fA-F:.]+)\](?::(\d{1,5}))?$/.exec(text);
  const plain = /^([A-Za-z0-9.-]+)(?::(\d{1,5}))?$/.exec(text);
  const match = bracketed ?? plain;
  const port = Number(match?.[2] ?? tunnelPort);
  const host = match?.[1] ?? (ipaddr.IPv6.isValid(text) ? text : undefined);
  if (host === undefined || port < 1 || port > 65_535) {
    throw new TunnelMeshError("TM_CLIENT_FIELD", { detail: `${JSON.stringify(text)} is no ADDRESS:PORT` });
  }
  return joinEndpoint(host, port);
}

function joinEndpoint(host: string, port: number): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}
