// From one DNS query to what is done with it: an answer from the zone, a question for the servers of the host, or silence.
import {
  type Answer,
  AUTHORITATIVE_ANSWER,
  decode,
  encode,
  type Packet,
  type Question,
  RECURSION_AVAILABLE,
  RECURSION_DESIRED,
} from "dns-packet";
import { cidrContains } from "../../protocol/addresses/cidr.ts";
import { addressOfPointer, type Zone } from "./zone.ts";

/** Seconds; short, because members come and go. */
export const answerTtl = 10;
/** RFC 1035 §4.1.1 */
const codes = { noError: 0, formatError: 1, serverFailure: 2, nameError: 3, refused: 5 } as const;

export type Handling =
  | { readonly kind: "reply"; readonly packet: Buffer }
  /** Not ours: ask the servers that the host had before. */
  | { readonly kind: "forward" }
  /** Not a query: an answer to it could be bounced between servers. */
  | { readonly kind: "drop" };

/** @param local the question comes from this host itself; others are told only about the mesh */
export function handleQuery(zone: Zone, bytes: Buffer, local: boolean): Handling {
  const query = decodeQuery(bytes);
  if (query === undefined) return { kind: "drop" };
  const [question, ...more] = query.questions ?? [];
  if (question === undefined || more.length > 0 || (query.flags ?? 0) & 0x7800) return reply(query, codes.formatError);
  const name = question.name.toLowerCase();
  if (name === zone.domain || name.endsWith(`.${zone.domain}`)) return answerName(zone, query, question, name);
  const address = addressOfPointer(name);
  if (address !== undefined && zone.ranges.some((range) => cidrContains(range, address))) {
    const target = zone.addresses.get(address);
    if (target === undefined) return reply(query, codes.nameError, [], zone);
    const pointer: Answer = { type: "PTR", name: question.name, ttl: answerTtl, data: target };
    return reply(query, codes.noError, question.type === "PTR" ? [pointer] : [], zone);
  }
  return local ? { kind: "forward" } : reply(query, codes.refused);
}

/** The answer when none of the host's servers gave one. */
export function serverFailure(bytes: Buffer): Buffer | undefined {
  const query = decodeQuery(bytes);
  return query === undefined ? undefined : packetOf(query, codes.serverFailure, [], undefined);
}

function answerName(zone: Zone, query: Packet, question: Question, name: string): Handling {
  if (name === zone.domain) return reply(query, codes.noError, [], zone);
  const entry = zone.names.get(name.slice(0, -zone.domain.length - 1));
  if (entry === undefined) return reply(query, codes.nameError, [], zone);
  const answers: Answer[] = [];
  if (question.type === "A" && entry.ip4 !== undefined) {
    answers.push({ type: "A", name: question.name, ttl: answerTtl, data: entry.ip4 });
  }
  if (question.type === "AAAA") answers.push({ type: "AAAA", name: question.name, ttl: answerTtl, data: entry.ip6 });
  return reply(query, codes.noError, answers, zone);
}

function reply(query: Packet, code: number, answers: Answer[] = [], zone?: Zone): Handling {
  return { kind: "reply", packet: packetOf(query, code, answers, zone) };
}

function packetOf(query: Packet, code: number, answers: Answer[], zone: Zone | undefined): Buffer {
  const authority = zone === undefined ? 0 : AUTHORITATIVE_ANSWER;
  const desired = (query.flags ?? 0) & RECURSION_DESIRED;
  const extended = query.additionals?.some(({ type }) => type === "OPT") ?? false;
  return encode({
    type: "response",
    id: query.id ?? 0,
    flags: authority | desired | RECURSION_AVAILABLE | code,
    questions: query.questions?.slice(0, 1) ?? [],
    answers,
    authorities: zone === undefined || answers.length > 0 ? [] : [authorityOf(zone)],
    additionals: extended
      ? [
          {
            type: "OPT",
            name: ".",
            udpPayloadSize: 1232,
            extendedRcode: 0,
            ednsVersion: 0,
            flags: 0,
            flag_do: false,
            options: [],
          },
        ]
      : [],
  });
}

/** Says how long "there is no such name" may be believed (RFC 2308 §5). */
function authorityOf({ domain }: Zone): Answer {
  const data = {
    mname: `ns.${domain}`,
    rname: `admin.${domain}`,
    serial: 1,
    refresh: answerTtl,
    retry: answerTtl,
    expire: answerTtl,
    minimum: answerTtl,
  };
  return { type: "SOA", name: domain, ttl: answerTtl, data };
}

function decodeQuery(bytes: Buffer): Packet | undefined {
  if (bytes.length < 12 || (bytes[2]! & 0x80) !== 0) return undefined;
  try {
    return decode(bytes);
  } catch (error) {
    // The library throws on every malformed packet: from the network that is an ordinary thing.
    if (error instanceof Error) return undefined;
    throw error;
  }
}
