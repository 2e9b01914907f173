// Counters of the packet path in shared memory: the thread that moves packets adds, the other one reads at any time.

/** Stable names; the portable data plane counts under the same. */
export const tallyNames = [
  "tun_malformed",
  "tun_no_peer",
  "tun_vnet",
  "tun_too_long",
  "tun_filtered",
  "tun_write",
  "received_direct",
  "received_relay",
  "received_malformed",
  "received_unknownIndex",
  "received_expiredKey",
  "received_replay",
  "received_authentication",
  "received_truncated",
  "inner_malformed",
  "inner_source",
  "inner_filtered",
  "inner_congested",
  "forwarded",
  "forward_filtered",
  "forward_hops",
  "datagram_type",
  "datagram_length",
  "handshake_mac1",
  "handshake_cookie",
  "handshake_cookieLimit",
  "handshake_sourceLimit",
  "handshake_totalLimit",
  "control_limit",
  "keepalive_unsent",
  "sent_direct",
  "sent_relay",
  "dropped_direct",
  "dropped_queue",
  "path_unusable",
  "key_no_room",
  "udp_send_ENOBUFS",
  "udp_send_EAGAIN",
  "udp_send_EPERM",
  "udp_send_EACCES",
  "udp_send_ENETUNREACH",
  "udp_send_EHOSTUNREACH",
  "udp_send_ECONNREFUSED",
  "udp_send_EINVAL",
  "udp_send_EMSGSIZE",
  "udp_send_other",
  "tun_reads",
  "tun_writes",
  "tun_joined",
  "udp_sends",
  "udp_receives",
  "polls",
  "received_strayed",
  "received_late",
  "stray_limit",
] as const;

export type Tally = (typeof tallyNames)[number];

/** Place of each name. */
export const tally = Object.fromEntries(tallyNames.map((name, index) => [name, index])) as Readonly<
  Record<Tally, number>
>;

export function makeTallies(): Float64Array<SharedArrayBuffer> {
  return new Float64Array(new SharedArrayBuffer(tallyNames.length * 8));
}

/** Those that were counted, summed over the threads. */
export function readTallies(...threads: readonly Float64Array[]): Record<string, number> {
  return Object.fromEntries(
    tallyNames.flatMap((name, index) => {
      const sum = threads.reduce((so, tallies) => so + tallies[index]!, 0);
      return sum === 0 ? [] : [[name, sum] as const];
    }),
  );
}
