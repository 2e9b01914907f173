// What the page shows of the cloud: no keys, no first scripts, no token.

import { describeFault } from "../api/faults.ts";
import { sizeOf } from "../catalogue.ts";
import { firewallsOf } from "../firewall-rules.ts";
import type { CloudState, DropletRecord, FirewallRecord, RuleRecord } from "../state.ts";
import { type Html, html } from "./html.ts";

const actionsShown = 15;

/** The changing part of the page. */
export function renderView(cloud: CloudState): Html {
  const droplets = Object.values(cloud.droplets);
  const monthly = droplets.reduce((sum, { size }) => sum + (sizeOf(size)?.price_monthly ?? 0), 0);
  const actions = Object.values(cloud.actions).toReversed();
  return html`
<p class="sum">${count(droplets.length, "droplet")}, as if for $${monthly} a month</p>
${cloud.faults.length === 0 ? null : html`<ul class="faults">${cloud.faults.map((one) => html`<li>waits to go wrong: ${describeFault(one)}</li>`)}</ul>`}
${section(
  "Droplets",
  ["", "name", "id", "region", "size", "public", "private", "tags", "firewalls"],
  droplets.map((one) => dropletRow(cloud, one)),
)}
${section(
  "Firewalls",
  ["name", "guards", "lets in", "lets out"],
  Object.values(cloud.firewalls).map((one) => firewallRow(cloud, one)),
)}
${section(
  "Reserved addresses",
  ["address", "region", "leads to"],
  Object.values(cloud.reservedIps).map(({ ip, region, droplet_id }) =>
    row([ip, region, droplet_id === null ? "nowhere" : nameOf(cloud, droplet_id)]),
  ),
)}
${section(
  "Records",
  ["name", "type", "value", "TTL"],
  Object.entries(cloud.domains).flatMap(([domain, records]) =>
    records.map(({ name, type, data, ttl }) =>
      row([name === "@" ? domain : `${name}.${domain}`, type, data, `${ttl} s`]),
    ),
  ),
)}
${section(
  "Volumes",
  ["name", "region", "size", "attached to"],
  Object.values(cloud.volumes).map(({ name, region, size_gigabytes, droplet_ids }) =>
    row([name, region, `${size_gigabytes} GiB`, droplet_ids.map((id) => nameOf(cloud, id)).join(", ")]),
  ),
)}
${section(
  "Private networks",
  ["name", "region", "range"],
  Object.values(cloud.vpcs).map(({ name, region, ip_range }) => row([name, region, ip_range])),
)}
${section(
  "SSH keys",
  ["name", "fingerprint"],
  Object.values(cloud.keys).map(({ name, fingerprint }) => row([name, fingerprint])),
)}
${section(
  "Actions",
  ["", "type", "of", "began", "ended"],
  actions
    .slice(0, actionsShown)
    .map((action) =>
      row([
        state(action.status),
        action.type,
        action.resource_type === "droplet" ? nameOf(cloud, action.resource_id) : action.resource_type,
        action.started_at,
        action.completed_at,
      ]),
    ),
)}`;
}

function section(title: string, columns: readonly string[], rows: readonly Html[]): Html | null {
  if (rows.length === 0) return null;
  return html`<section><h2>${title}</h2><div class="scroll"><table>
<thead><tr>${columns.map((column) => html`<th scope="col">${column}</th>`)}</tr></thead>
<tbody>${rows}</tbody></table></div></section>`;
}

function row(cells: readonly (string | Html | null)[]): Html {
  return html`<tr>${cells.map((cell) => html`<td>${cell}</td>`)}</tr>`;
}

function dropletRow(cloud: CloudState, droplet: DropletRecord): Html {
  return row([
    state(droplet.locked ? `${droplet.status}, locked` : droplet.status),
    html`<b>${droplet.name}</b>`,
    String(droplet.id),
    droplet.region,
    droplet.size,
    droplet.public_ip ?? "none yet",
    droplet.private_ip,
    droplet.tags.join(", "),
    firewallsOf(cloud, droplet)
      .map(({ name }) => name)
      .join(", ") || "none: open",
  ]);
}

function firewallRow(cloud: CloudState, firewall: FirewallRecord): Html {
  const guarded = Object.values(cloud.droplets).filter((droplet) => firewallsOf(cloud, droplet).includes(firewall));
  return row([
    html`<b>${firewall.name}</b>`,
    guarded.map(({ name }) => name).join(", ") || "nothing",
    rules(firewall.inbound),
    rules(firewall.outbound),
  ]);
}

function rules(all: readonly RuleRecord[]): Html {
  const lines = all.map(({ protocol, ports, peers }) => {
    const where = Object.values(peers).flat().join(", ");
    return html`<li>${protocol} ${ports === "0" ? "" : ports} <span class="from">${where}</span></li>`;
  });
  return html`<ul>${lines}</ul>`;
}

/** A state with a mark that does not need its colour to be told from others. */
function state(text: string): Html {
  const kind = /active|completed/.test(text) ? "good" : /errored|off/.test(text) ? "bad" : "busy";
  return html`<span class="${kind}">${{ good: "●", bad: "✕", busy: "◌" }[kind]} ${text}</span>`;
}

function nameOf({ droplets }: CloudState, id: number): string {
  return droplets[id]?.name ?? `droplet ${id}, gone`;
}

function count(number: number, what: string): string {
  return number === 0 ? `No ${what}s` : `${number} ${what}${number === 1 ? "" : "s"}`;
}
