// What guards a droplet: its cloud firewalls as nftables rules, as the service's own filter would have them.
import type { CloudState, DropletRecord, FirewallRecord, RuleRecord } from "./state.ts";

/** The firewalls that hold for a droplet: those that name it, and those that name a tag of it. */
export function firewallsOf({ firewalls }: CloudState, droplet: DropletRecord): readonly FirewallRecord[] {
  return Object.values(firewalls).filter(
    ({ droplet_ids, tags }) => droplet_ids.includes(droplet.id) || tags.some((tag) => droplet.tags.includes(tag)),
  );
}

/** What examples have for the reader's own address (RFC 5737): in the sandbox the reader is on this machine. */
const readersAddresses: ReadonlySet<unknown> = new Set(["203.0.113.7", "203.0.113.7/32"]);

/**
 * The table "sandbox" of a droplet's namespace, replacing the one before. Without a firewall everything passes; with one, what
 * none of them allows is dropped, inbound and outbound. Answers pass: the service's firewalls are stateful. A rule for 203.0.113.7
 * is for `machine` too, the addresses from which this machine reaches its droplets.
 */
export function firewallRules(state: CloudState, droplet: DropletRecord, machine: readonly string[]): string {
  const firewalls = firewallsOf(state, droplet);
  const fresh = "add table inet sandbox\ndelete table inet sandbox\n";
  if (firewalls.length === 0) return fresh;
  // The service filters what comes from its network; what is inside of a tunnel it does not see.
  const always = ["ct state established,related accept", 'iifname != "eth0" accept', neighbours];
  const inbound = firewalls.flatMap((one) =>
    one.inbound.flatMap((rule) => lines(peerAddresses(state, rule.peers, machine), rule, "saddr")),
  );
  const outbound = firewalls.flatMap((one) =>
    one.outbound.flatMap((rule) => lines(peerAddresses(state, rule.peers, []), rule, "daddr")),
  );
  return `${fresh}table inet sandbox {
${chain("input", "input", [...always, ...inbound])}
${chain("output", "output", [...always.map((line) => line.replace("iifname", "oifname")), ...outbound])}
}
`;
}

/** Neighbour discovery is not the firewall's business. */
const neighbours =
  "icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-advert, nd-router-solicit } accept";

function chain(name: string, hook: string, rules: readonly string[]): string {
  const body = [...new Set(rules)].map((rule) => `    ${rule}`).join("\n");
  return `  chain ${name} {\n    type filter hook ${hook} priority -10; policy drop;\n${body}\n  }`;
}

/** A rule for each peer: a set of nft takes no ranges that overlap, and a refused table would guard nothing. */
function lines(addresses: readonly string[], { protocol, ports }: RuleRecord, side: "saddr" | "daddr"): string[] {
  return addresses.map((address) => {
    const six = address.includes(":");
    const icmp = six ? "ipv6-icmp" : "icmp";
    const what =
      protocol === "icmp"
        ? `meta l4proto ${icmp}`
        : ports === "0"
          ? `meta l4proto ${protocol}`
          : `${protocol} dport ${ports}`;
    return `${six ? "ip6" : "ip"} ${side} ${address} ${what} accept`;
  });
}

/** Ranges as given, and the addresses of droplets that are named by id or by tag. */
function peerAddresses({ droplets }: CloudState, peers: RuleRecord["peers"], machine: readonly string[]): string[] {
  const ids = new Set((peers["droplet_ids"] ?? []).map(Number));
  const tags = new Set((peers["tags"] ?? []).map(String));
  const named = Object.values(droplets).filter(({ id, tags: own }) => ids.has(id) || own.some((tag) => tags.has(tag)));
  const given = peers["addresses"] ?? [];
  const addresses = [
    ...given.map(String),
    ...(given.some((address) => readersAddresses.has(address)) ? machine : []),
    ...named.flatMap(({ public_ip, private_ip, ipv6 }) => [public_ip, private_ip, ipv6].filter((one) => one !== null)),
  ];
  return [...new Set(addresses)];
}
