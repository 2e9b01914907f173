// What a machine that has joined is told: its name and addresses, how peers reach it, and what to try.
import type { JoinResult } from "../engine/join/contract.ts";
import { count } from "./table.ts";

export function renderJoined(result: JoinResult): string {
  const { mesh, name, domain, ip4, ip6, groups, expires, already, peers } = result;
  const reached = (path: "direct" | "relay" | "none") => peers.filter((peer) => peer.path === path);
  const ways = [
    ...(reached("direct").length === 0 ? [] : [`${reached("direct").length} directly`]),
    ...(reached("relay").length === 0 ? [] : [`${reached("relay").length} through the relay`]),
    ...(reached("none").length === 0 ? [] : [`${reached("none").length} not yet`]),
  ];
  const [peer] = [...reached("direct"), ...reached("relay")];
  return [
    already ? `This machine is a member of ${mesh} already.` : `This machine is a member of ${mesh} now.`,
    `  name       ${name}.${domain}`,
    `  addresses  ${ip4 === undefined ? "" : `${ip4}, `}${ip6}`,
    ...(groups.length === 0 ? [] : [`  groups     ${groups.join(", ")}`]),
    ...(expires === 0
      ? []
      : [`  until      ${new Date(expires * 1000).toISOString().slice(0, 16).replace("T", " ")} UTC`]),
    `  peers      ${count(peers.length, "peer")}${ways.length === 0 ? "" : `: ${ways.join(", ")}`}`,
    ...(peer === undefined ? [] : [`Try: ping ${peer.name}.${domain}`]),
    "Leave with: tm leave --local",
  ].join("\n");
}
