// What a datagram on the tunnel's socket is, decided from its header alone.
import { type CookieReply, decodeCookieReply } from "./cookie-reply.ts";
import { type Data, decodeData } from "./data.ts";
import { decodeInitiation, type Initiation } from "./initiation.ts";
import { controlProfile, type HandshakeProfile, tunnelProfile } from "./profile.ts";
import { decodeResponse, type Response } from "./response.ts";

/** A datagram of either profile. Nothing in it is authenticated yet. */
export type Classified =
  | ({ readonly kind: "initiation"; readonly profile: HandshakeProfile } & Initiation)
  | ({ readonly kind: "response"; readonly profile: HandshakeProfile } & Response)
  | ({ readonly kind: "cookieReply"; readonly profile: HandshakeProfile } & CookieReply)
  | ({ readonly kind: "data"; readonly profile: HandshakeProfile } & Data)
  | { readonly kind: "unknown"; readonly reason: "type" | "length" };

/** Sorts a datagram by type and exact length. `length` also stands for a counter of 2^53 or more. */
export function classify(datagram: Uint8Array): Classified {
  if (datagram.length < 4) return { kind: "unknown", reason: "length" };
  const type = new DataView(datagram.buffer, datagram.byteOffset, 4).getUint32(0, true);
  const profile = type < 0xe0 ? tunnelProfile : controlProfile;
  return decoded(profile, type, datagram);
}

function decoded(profile: HandshakeProfile, type: number, datagram: Uint8Array): Classified {
  const { types } = profile;
  switch (type) {
    case types.data:
      return known("data", profile, decodeData(type, datagram));
    case types.initiation:
      return known("initiation", profile, decodeInitiation(type, datagram));
    case types.response:
      return known("response", profile, decodeResponse(type, datagram));
    case types.cookieReply:
      return known("cookieReply", profile, decodeCookieReply(type, datagram));
    default:
      return { kind: "unknown", reason: "type" };
  }
}

function known<Kind extends string, Fields extends object>(
  kind: Kind,
  profile: HandshakeProfile,
  fields: Fields | undefined,
): ({ readonly kind: Kind; readonly profile: HandshakeProfile } & Fields) | Extract<Classified, { kind: "unknown" }> {
  return fields === undefined ? { kind: "unknown", reason: "length" } : { kind, profile, ...fields };
}
