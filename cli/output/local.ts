// Renders local hosts for people.
import type { LocalHostInfo } from "../engine/local/host.ts";
import { renderTable } from "./table.ts";

export function renderLocalHosts(hosts: readonly LocalHostInfo[]): string {
  const rows = hosts.map((host) => [
    host.network,
    host.name,
    host.state,
    host.nat === "none" ? "" : host.nat,
    host.internet ? "yes" : "no",
    host.state === "running" ? `ssh root@${host.address}` : "",
  ]);
  return renderTable(["NETWORK", "HOST", "STATE", "NAT", "INTERNET", "LOG IN"], rows);
}
