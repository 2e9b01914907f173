// What a look at a node means: one finding per question, each problem with a way out. Pure.
import type { AgentStatus, PeerStatus } from "../../../protocol/control/agent.ts";

export interface Finding {
  readonly check: string;
  readonly state: "ok" | "warning" | "problem";
  readonly detail: string;
  readonly advice?: string;
}

export interface NodeLook {
  readonly name: string;
  readonly role: "coordinator" | "node";
  /** VERSION-HASH that this tm would install. */
  readonly release: string;
  /** What the script said. */
  readonly said: ReadonlyMap<string, string>;
  /** Unix milliseconds here when the script had run, and how long it took. */
  readonly now: number;
  readonly took: number;
  readonly udpPort: number;
  /** Why the agent could not be asked, or what it said. */
  readonly agent: { readonly error: string } | { readonly status: AgentStatus; readonly peers: readonly PeerStatus[] };
}

/** Seconds of difference that signatures and certificates do not mind. */
const clockTolerance = 30;
const lowDisk = 200 * 1024;

/** Parses lines "key=value" of a host; further lines with a key that was there are dropped. */
export function parseLook(text: string): ReadonlyMap<string, string> {
  const said = new Map<string, string>();
  for (const line of text.slice(0, 1024 * 1024).split("\n")) {
    const at = line.indexOf("=");
    if (at > 0 && !said.has(line.slice(0, at))) said.set(line.slice(0, at), line.slice(at + 1).trim());
  }
  return said;
}

export function judgeNode(look: NodeLook): readonly Finding[] {
  return [
    judgeUnit(look, "agent"),
    ...(look.role === "coordinator" ? [judgeUnit(look, "coordinator")] : []),
    judgeRelease(look),
    ...judgeAgent(look),
    judgeClock(look),
    yes(look, "tun")
      ? ok("tun device", "/dev/net/tun opens")
      : problem(
          "tun device",
          "/dev/net/tun does not open",
          "modprobe tun; in a container, pass /dev/net/tun and CAP_NET_ADMIN to it",
        ),
    judgePort(look, "udp", look.udpPort),
    ...(look.role === "coordinator" ? [judgePort(look, "tcp", 8443)] : []),
    judgeInterface(look),
    judgeDisk(look),
    ...judgeNames(look),
    ...judgePeers(look),
  ];
}

function judgeUnit({ said, name }: NodeLook, service: "agent" | "coordinator"): Finding {
  const properties = new Map((said.get(`unit.${service}`) ?? "").split(" ").map((text) => partAt(text)));
  const of = (key: string) => properties.get(key) ?? "";
  const [active, sub, enabled, restarts] = [of("ActiveState"), of("SubState"), of("UnitFileState"), of("NRestarts")];
  const check = `${service} service`;
  const log = `tm logs ${name}${service === "coordinator" ? " --coordinator" : ""}`;
  if (active !== "active")
    return problem(check, `${active || "not there"} ${sub}`.trim(), `tm deploy starts it; its log: ${log}`);
  if (enabled !== "enabled")
    return warning(check, `runs, but does not start at boot (${enabled || "unknown"})`, "tm deploy");
  if (Number(restarts) > 0) return warning(check, `runs, restarted ${Number(restarts)} times`, `see why: ${log}`);
  return ok(check, "runs");
}

/** "key=value" */
function partAt(text: string): [string, string] {
  const at = text.indexOf("=");
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}

function judgeRelease({ said, release }: NodeLook): Finding {
  const there = said.get("current")?.split("/").at(-1) ?? "";
  const before = said.get("previous")?.split("/").at(-1) ?? "";
  if (there === "") return problem("release", "none is in use", "tm deploy");
  if (there !== release) return warning("release", `${there}, this tm has ${release}`, "tm deploy upgrades it");
  return ok("release", before === "" ? there : `${there}, before it ${before}`);
}

function judgeAgent({ agent, name }: NodeLook): Finding[] {
  if ("error" in agent) return [problem("control socket", agent.error, `tm deploy; the agent's log: tm logs ${name}`)];
  const { state, coordinator, alarms } = agent.status;
  const why = coordinator.error === undefined ? "" : `: ${coordinator.error}`;
  return [
    state === "up"
      ? ok("control socket", "answers, the mesh is up")
      : problem("control socket", `answers, the mesh is ${state}`, "tm deploy"),
    coordinator.state === "connected"
      ? ok("coordinator", `connected to ${coordinator.url ?? "it"}`)
      : problem(
          "coordinator",
          `not connected${why}`,
          "see that the coordinator's host runs and that TCP 8443 of it is open from here",
        ),
    ...alarms.slice(0, 16).map((alarm) => problem("alarm", alarm, `tm logs ${name}`)),
  ];
}

function judgeClock({ said, now, took }: NodeLook): Finding {
  const there = Number(said.get("time"));
  if (!Number.isSafeInteger(there) || there <= 0)
    return warning("clock", "it did not say its time", "date on the host");
  const seconds = Math.round(there - now / 1000);
  if (Math.abs(seconds) <= clockTolerance + took / 1000)
    return ok("clock", `${Math.abs(seconds)} s from this machine's`);
  const way = seconds > 0 ? "ahead of" : "behind";
  return problem(
    "clock",
    `${Math.abs(seconds)} s ${way} this machine's`,
    "timedatectl set-ntp true, on whichever of the two is wrong",
  );
}

function judgePort({ said, name }: NodeLook, protocol: "udp" | "tcp", port: number): Finding {
  const check = `${protocol.toUpperCase()} ${port}`;
  if (Number(said.get(protocol)) > 0) return ok(check, "is listened on");
  return problem(check, "nobody listens on it", `see who has it: ss -lnp; the log: tm logs ${name}`);
}

function judgeInterface({ said, agent }: NodeLook): Finding {
  const addresses = (said.get("addresses") ?? "").split(" ").filter((text) => text !== "");
  const routes = Number(said.get("routes")) || 0;
  if ("error" in agent) return warning("interface", addresses.join(" ") || "not there", "it comes with the agent");
  const { interface: device, ip4 } = agent.status;
  if (addresses.length === 0)
    return problem("interface", `${device} has no address`, "systemctl restart of the agent makes it again");
  if (ip4 !== undefined && !addresses.includes(`${ip4}/32`)) {
    return problem("interface", `${device} has ${addresses.join(" ")}, not ${ip4}`, "systemctl restart of the agent");
  }
  if (routes === 0) return problem("interface", `no route leads to ${device}`, "systemctl restart of the agent");
  return ok("interface", `${device} has ${addresses.join(" ")} and ${routes} routes`);
}

function judgeDisk({ said }: NodeLook): Finding {
  const [free = Number.NaN] = ["free.var", "free.opt"]
    .map((key) => Number(said.get(key) || Number.NaN))
    .toSorted((a, b) => a - b);
  if (Number.isNaN(free)) return warning("disk", "it did not say how full it is", "df on the host");
  const megabytes = `${Math.floor(free / 1024)} MB free`;
  return free < lowDisk
    ? problem("disk", megabytes, "make room: an upgrade needs 300 MB below /opt")
    : ok("disk", megabytes);
}

function judgeNames({ said }: NodeLook): Finding[] {
  return [...said]
    .filter(([key]) => key.startsWith("name."))
    .map(([key, address]) => {
      const name = key.slice("name.".length);
      if (address !== "") return ok("names", `${name} is ${address}`);
      return problem(
        "names",
        `${name} does not resolve`,
        "see /etc/resolv.conf or resolvectl status on the host; tm deploy restarts the agent",
      );
    });
}

function judgePeers({ agent, udpPort }: NodeLook): Finding[] {
  if ("error" in agent) return [];
  const { peers } = agent;
  const findings = peers.slice(0, 32).map((peer): Finding => {
    const time = peer.roundTrip === undefined ? "" : `, ${peer.roundTrip.toFixed(1)} ms`;
    if (peer.path.kind === "direct") return ok(`peer ${peer.name}`, `direct to ${peer.path.address}${time}`);
    if (peer.client) return ok(`client ${peer.name}`, "not seen since the agent started");
    if (!peer.online) return warning(`peer ${peer.name}`, "not connected to the coordinator", `tm doctor ${peer.name}`);
    if (peer.session === "no-keys")
      return problem(`peer ${peer.name}`, "its keys have not arrived", `tm doctor ${peer.name}`);
    if (peer.path.kind === "none") return ok(`peer ${peer.name}`, `${peer.session}: nothing was sent lately`);
    return ok(`peer ${peer.name}`, `through the ${peer.path.kind}${time}`);
  });
  const online = peers.filter((peer) => peer.online && peer.path.kind !== "none");
  if (online.length === 0 || online.some((peer) => peer.path.kind === "direct")) return findings;
  const advice = `let UDP ${udpPort} in at the host's firewall`;
  return [...findings, warning("direct paths", "none: every peer is reached through something else", advice)];
}

function yes({ said }: NodeLook, key: string): boolean {
  return said.get(key) === "yes";
}

const ok = (check: string, detail: string): Finding => ({ check, state: "ok", detail });
const warning = (check: string, detail: string, advice: string): Finding => ({
  check,
  state: "warning",
  detail,
  advice,
});
const problem = (check: string, detail: string, advice: string): Finding => ({
  check,
  state: "problem",
  detail,
  advice,
});
