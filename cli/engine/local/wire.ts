// Plans a network: the lines for ip and nft that make the router and the hosts' links, nothing is done here.
import { hostAddresses, networkAddresses } from "./address.ts";
import type { HostNames, NetworkNames } from "./names.ts";
import type { HostRecord, NetworkRecord } from "./record.ts";

/** One thing to do: lines of ip in a namespace, rules of nft in a namespace, forwarding in a namespace. */
export type WireStep =
  | { readonly kind: "namespace"; readonly name: string }
  | { readonly kind: "ip"; readonly namespace: string | undefined; readonly lines: readonly string[] }
  | { readonly kind: "forwarding"; readonly namespace: string }
  | { readonly kind: "nft"; readonly namespace: string | undefined; readonly rules: string };

/** The router of a network: a namespace with a bridge, one link to the machine, and no way anywhere else. */
export function planRouter(names: NetworkNames, network: NetworkRecord): WireStep[] {
  const at = networkAddresses(network);
  return [
    { kind: "namespace", name: names.router },
    { kind: "forwarding", namespace: names.router },
    {
      kind: "ip",
      namespace: undefined,
      lines: [`link add ${names.link} type veth peer name uplink netns ${names.router}`],
    },
    {
      kind: "ip",
      namespace: names.router,
      lines: [
        "link set lo up",
        "link add br0 type bridge",
        "link set br0 up",
        `addr add ${at.router4}/25 dev br0`,
        `addr add ${at.router6}/64 dev br0 nodad`,
        "link set uplink up",
        `addr add ${at.link6}/64 dev uplink nodad`,
        `route add ${at.machine4}/32 dev uplink src ${at.router4}`,
      ],
    },
    {
      kind: "ip",
      namespace: undefined,
      lines: [
        `link set ${names.link} up`,
        `addr add ${at.machine4}/32 dev ${names.link}`,
        `addr add ${at.machine6}/64 dev ${names.link} nodad`,
        `route add ${at.all4} via ${at.router4} dev ${names.link} onlink src ${at.machine4}`,
        `route add ${at.all6} via ${at.link6} dev ${names.link}`,
      ],
    },
  ];
}

/** The link of a host: to the bridge, or to its own NAT router whose outside is on the bridge. */
export function planLink(router: NetworkNames, names: HostNames, network: NetworkRecord, host: HostRecord): WireStep[] {
  const at = hostAddresses(network, host);
  const own: WireStep = {
    kind: "ip",
    namespace: names.machine,
    lines: [
      "link set lo up",
      `addr add ${at.own4}/${at.own4Bits} dev eth0`,
      `addr add ${at.own6}/64 dev eth0 nodad`,
      "link set eth0 up",
      `route add default via ${at.gateway4}`,
      `route add default via ${at.gateway6}`,
    ],
  };
  const plug: WireStep = { kind: "ip", namespace: router.router, lines: [`link set ${names.port} master br0 up`] };
  // The same for the same place: neighbours that still know a removed host under this address reach the new one at once.
  const hardware = `address ${hardwareAddress(at.outside4)}`;
  const wire = (near: string, nearEnd: string, far: string, farEnd: string): WireStep => ({
    kind: "ip",
    namespace: undefined,
    lines: [`link add name ${nearEnd} ${hardware} netns ${near} type veth peer name ${farEnd} netns ${far}`],
  });
  const start: WireStep = { kind: "namespace", name: names.machine };
  if (host.nat === "none") return [start, wire(names.machine, "eth0", router.router, names.port), plug, own];
  const outside = networkAddresses(network);
  return [
    start,
    { kind: "namespace", name: names.nat },
    { kind: "forwarding", namespace: names.nat },
    { kind: "nft", namespace: names.nat, rules: natRules(at.outside4, at.own4) },
    wire(names.nat, "outside", router.router, names.port),
    wire(names.machine, "eth0", names.nat, "inside"),
    plug,
    {
      kind: "ip",
      namespace: names.nat,
      lines: [
        "link set lo up",
        `addr add ${at.outside4}/25 dev outside`,
        `addr add ${at.outside6}/64 dev outside nodad`,
        "link set outside up",
        `route add default via ${outside.router4}`,
        `route add default via ${outside.router6}`,
        `addr add ${at.gateway4}/30 dev inside`,
        `addr add ${at.gateway6}/64 dev inside nodad`,
        "link set inside up",
      ],
    },
    own,
  ];
}

/** A locally administered unicast address (IEEE 802) from an IPv4 one. */
function hardwareAddress(address4: string): string {
  return ["02", "54", ...address4.split(".").map((part) => Number(part).toString(16).padStart(2, "0"))].join(":");
}

/**
 * NAT as most home routers do it: the mapping keeps the port and does not depend on the destination, and only
 * an address and port that was written to gets through. Refused packets are dropped before they are tracked
 * for good: a confirmed entry would make the next mapping take another port.
 */
function natRules(outside: string, inside: string): string {
  return `table inet nat {
  chain prerouting {
    type nat hook prerouting priority dstnat;
    iifname "outside" ip daddr ${outside} tcp dport 22 dnat ip to ${inside}
  }
  chain postrouting {
    type nat hook postrouting priority srcnat;
    oifname "outside" masquerade
  }
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    iifname { "inside", "lo" } accept
    meta l4proto { icmp, ipv6-icmp } accept
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    iifname "inside" accept
    ct status dnat accept
  }
}
`;
}

/** The way out for one host: a default route for its address alone, behind all others. */
export function planInternet(router: NetworkNames, network: NetworkRecord, host: HostRecord): WireStep[] {
  const at = networkAddresses(network);
  const { outside4 } = hostAddresses(network, host);
  return [
    {
      kind: "ip",
      namespace: router.router,
      lines: [
        `route replace default via ${at.machine4} dev uplink onlink table 100`,
        `rule add pref 40000 from ${outside4} lookup 100`,
      ],
    },
    { kind: "nft", namespace: undefined, rules: internetRules(router, outside4) },
  ];
}

function internetRules(router: NetworkNames, address: string): string {
  return `add table inet ${router.table}
add set inet ${router.table} internet { type ipv4_addr; }
add chain inet ${router.table} forward { type filter hook forward priority filter; }
flush chain inet ${router.table} forward
add rule inet ${router.table} forward iifname "${router.link}" ip saddr != @internet drop
add chain inet ${router.table} postrouting { type nat hook postrouting priority srcnat; }
flush chain inet ${router.table} postrouting
add rule inet ${router.table} postrouting ip saddr @internet oifname != "${router.link}" masquerade
add element inet ${router.table} internet { ${address} }
`;
}
