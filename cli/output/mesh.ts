// Renders members of a mesh for people: their state, their peers and the paths between them.
import type { PeerStatus } from "../../protocol/control/agent.ts";
import type { ErrorReport, HostResult, HostStatus, StatusResult } from "../engine/deploy/contract.ts";
import { escapeControls } from "./escape.ts";
import { count, renderDuration, renderTable } from "./table.ts";

/** So many peers are named one by one; more are counted. */
const named = 4;

/** One row per member, then what went wrong. */
export function renderStatus(status: StatusResult): string {
  const rows = status.hosts.map((host) => [
    host.name,
    host.agent?.ip4 ?? host.agent?.ip6 ?? host.seen?.ip4 ?? host.seen?.ip6 ?? "",
    host.agent?.state ?? (host.seen === undefined ? notAsked(host) : host.seen.online ? "online" : "offline"),
    host.agent === undefined ? renderSeen(host) : renderPeers(host.peers),
  ]);
  return [
    `Mesh ${status.mesh}, stage ${status.stage}, id ${status.meshId.slice(0, 12)}`,
    renderTable(["NODE", "ADDRESS", "STATE", "PEERS"], rows),
    ...status.hosts.flatMap((host) => [
      ...(host.agent?.alarms ?? []).map((alarm) => `${host.name}: ${escapeControls(alarm)}`),
    ]),
    ...renderErrors(status.hosts),
  ].join("\n");
}

function notAsked({ error }: HostStatus): string {
  return error?.code === "TM_SSH_SOCKET" ? "not running" : "not reached";
}

function renderSeen({ seen }: HostStatus): string {
  return seen === undefined || seen.by.length === 0 ? "" : `seen by ${seen.by.slice(0, named).join(", ")}`;
}

/** One row per member and peer. */
export function renderPeerTable(hosts: readonly HostStatus[]): string {
  const rows = hosts.flatMap((host) =>
    host.peers.map((peer) => [
      host.name,
      peer.name,
      peer.ip4 ?? peer.ip6,
      peer.session,
      renderPath(peer),
      peer.roundTrip === undefined ? "" : `${peer.roundTrip.toFixed(1)} ms`,
      peer.handshakeAge === undefined ? "never" : `${renderDuration(peer.handshakeAge)} ago`,
      renderBytes(peer.received),
      renderBytes(peer.sent),
    ]),
  );
  const headings = ["NODE", "PEER", "ADDRESS", "SESSION", "PATH", "ROUND TRIP", "HANDSHAKE", "RECEIVED", "SENT"];
  return [renderTable(headings, rows), ...renderErrors(hosts)].join("\n");
}

/** One row per host of a deploy or destroy, then what went wrong. */
export function renderHosts(hosts: readonly HostResult[]): string {
  const rows = hosts.map((host) => [host.name, host.ip4 ?? host.ip6 ?? "", host.state, host.address ?? ""]);
  return [renderTable(["NODE", "ADDRESS", "STATE", "REACHED AT"], rows), ...renderErrors(hosts)].join("\n");
}

/** What `allow` lines mean until a filter enforces them (life.md §9). */
export function renderPolicyNote(allow: number): string {
  if (allow === 0) return "No allow lines: everything passes between members, as the filter is not there yet.";
  return `${count(allow, "allow line")} noted but not enforced: everything passes between members until the filter is there.`;
}

function renderPeers(peers: readonly PeerStatus[]): string {
  if (peers.length > named) {
    const by = (kind: PeerStatus["path"]["kind"]) => peers.filter((peer) => peer.path.kind === kind).length;
    return `${by("direct")} direct, ${by("relay")} relay, ${by("none")} none`;
  }
  return peers
    .map((peer) => {
      const time = peer.roundTrip === undefined ? "" : ` ${peer.roundTrip.toFixed(1)} ms`;
      return `${peer.name} ${peer.path.kind === "none" ? peer.session : peer.path.kind}${time}`;
    })
    .join(", ");
}

/** "direct 198.18.0.2:51820", "relay", "none". */
export function renderPath({ path }: Pick<PeerStatus, "path">): string {
  if (path.kind !== "direct") return path.kind;
  return `direct ${path.address.includes(":") ? `[${path.address}]` : path.address}:${path.port}`;
}

/** Headline and detail, the detail once. */
export function renderReport({ message, detail }: ErrorReport): string {
  return escapeControls(detail === undefined || message.includes(detail) ? message : `${message}: ${detail}`);
}

function renderErrors(hosts: readonly { readonly name: string; readonly error?: ErrorReport }[]): string[] {
  return hosts.flatMap(({ name, error }) => {
    if (error === undefined) return [];
    return [`${name}: ${renderReport(error)} (${error.code})`, ...error.advice.map((advice) => `  - ${advice}`)];
  });
}

function renderBytes(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  const power = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10));
  return `${power === 0 ? bytes : (bytes / 1024 ** power).toFixed(1)} ${units[power]}`;
}
