// Renders stock WireGuard clients for people: the list, and what to do with one that was just made.
import { readFile } from "node:fs/promises";
import type { AddClientResult, ListedClient, ListedGateway } from "../engine/client/contract.ts";
import { qrLines } from "../engine/client/image.ts";
import { renderDuration, renderTable } from "./table.ts";

/** One row per client and gateway. */
export function renderClients(clients: readonly ListedClient[]): string {
  if (clients.length === 0) return "No clients. Make one with: tm client add NAME --via GATEWAY";
  const rows = clients.flatMap(({ name, ip4, ip6, groups, expires, gateways }) =>
    gateways.map((gateway, index) => {
      const first = index === 0;
      const until = expires === 0 ? "never" : new Date(expires * 1000).toISOString().slice(0, 10);
      const own = first ? [name, ip4 ?? ip6, groups.join(", "), until] : ["", "", "", ""];
      return [...own, gateway.name, renderState(gateway)];
    }),
  );
  return renderTable(["CLIENT", "ADDRESS", "GROUPS", "EXPIRES", "GATEWAY", "SEEN"], rows);
}

function renderState({ state, handshakeAge }: ListedGateway): string {
  if (state === "gone") return "the gateway is no member any more";
  if (state === "other-key") return "the gateway has other keys now: tm client config";
  if (state === "unknown") return "?";
  return handshakeAge === undefined ? "not yet" : `${renderDuration(handshakeAge)} ago`;
}

/** What to do with it; no secret is in it. */
export function renderAdded(result: AddClientResult): string {
  const { name, mesh, ip4, gateways, waiting, strangeGroups } = result;
  const lines = [`${name} is a member of ${mesh}: ${ip4}`];
  for (const { name: gateway, endpoint, configuration, image } of gateways) {
    lines.push(`By ${gateway} (${endpoint}): ${configuration}`);
    if (image !== undefined) lines.push(`  as a QR code: ${image}`);
  }
  const [first] = gateways;
  if (first?.image === undefined)
    lines.push("Put the private key, which is on the device alone, into the [Interface] section there.");
  else lines.push("These files hold its private key. Import one into WireGuard on the device, then delete them here.");
  lines.push("Its gateway sees what it sends to the mesh and gets from there.");
  if (waiting.length > 0) lines.push(`Not ready yet: ${waiting.join(", ")}. See: tm client list`);
  if (strangeGroups.length > 0) lines.push(`Nowhere in the stack: ${strangeGroups.join(", ")}.`);
  return lines.join("\n");
}

/** Shows the code of the first gateway: where asked for, else on a terminal. A client whose key is on the device has none. */
export async function showCode(
  { gateways: [first] }: AddClientResult,
  asked: boolean | undefined,
  print: (text: string) => void,
): Promise<void> {
  if (first?.image === undefined || !(asked ?? process.stdout.isTTY)) return;
  print(`\nScan it in WireGuard's app (by ${first.name}):\n`);
  print(qrLines(await readFile(first.configuration, "utf8")).join("\n"));
}
