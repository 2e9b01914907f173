// Which firewall changes let more in than before, by port, address and attachment.
import { describe, expect, it } from "vitest";
import { findingsOf } from "../../../../cli/engine/review/findings.ts";
import { isOpenToWorld, type Opening, readPorts, readSource, widerThan } from "../../../../cli/engine/review/ports.ts";
import type { ShownResource } from "../../../../cli/engine/review/show.ts";

/** "tcp 22 10.0.0.0/8" */
const opening = (text: string): Opening => {
  const [protocol = "", ports, source = ""] = text.split(" ");
  const [from, to] = readPorts(protocol, ports);
  return { protocol, from, to, source: readSource(source) };
};
const wider = (before: readonly string[], after: readonly string[]): number =>
  widerThan(before.map(opening), after.map(opening)).length;

describe("openings", () => {
  it.each<[string[], string[], number]>([
    [["tcp 22 10.0.0.0/8"], ["tcp 22 10.1.0.0/16"], 0],
    [["tcp 22 10.1.0.0/16"], ["tcp 22 10.0.0.0/8"], 1],
    [["tcp 22 10.0.0.0/9", "tcp 22 10.128.0.0/9"], ["tcp 22 10.0.0.0/8"], 0],
    [["tcp 22 10.0.0.0/9", "tcp 22 10.128.0.0/10"], ["tcp 22 10.0.0.0/8"], 1],
    [["tcp 1-100 10.0.0.0/8", "tcp 101-200 10.0.0.0/8"], ["tcp 50-150 10.0.0.0/8"], 0],
    [["tcp 1-100 10.0.0.0/8", "tcp 102-200 10.0.0.0/8"], ["tcp 50-150 10.0.0.0/8"], 1],
    [["tcp 22 10.0.0.0/8"], ["udp 22 10.0.0.0/8"], 1],
    [["tcp all 0.0.0.0/0"], ["tcp 22 ::/0"], 1],
    [["tcp all ::/0"], ["tcp 22 2001:db8::/32", "tcp 80 2001:db8::1"], 0],
    [["icmp all 10.0.0.0/8"], ["icmp all 10.0.0.0/8"], 0],
    [["tcp 22 tag"], ["tcp 22 tag", "tcp 22 other"], 1],
    [[], ["tcp 22 10.0.0.1"], 1],
  ])("%j → %j: %i are wider", (before, after, count) => {
    expect(wider(before, after)).toBe(count);
  });

  it.each<[string[], boolean]>([
    [["tcp 22 0.0.0.0/0"], true],
    [["tcp 1-1000 ::/0"], true],
    [["tcp 22 0.0.0.0/2", "tcp 22 64.0.0.0/2"], true],
    [["tcp 22 10.0.0.0/8", "tcp 22 203.0.113.0/24"], false],
    [["udp 22 0.0.0.0/0", "tcp 23-80 0.0.0.0/0"], false],
  ])("%j is open to the world on 22: %s", (openings, open) => {
    expect(isOpenToWorld(openings.map(opening), "tcp", 22)).toBe(open);
  });
});

const rule = (port: string, ...sources: string[]) => ({ protocol: "tcp", port_range: port, source_addresses: sources });
const resource = (
  type: string,
  name: string,
  before: unknown,
  after: unknown,
  unknown: unknown = {},
): ShownResource => ({
  address: `digitalocean_${type}.${name}`,
  mode: "managed",
  type: `digitalocean_${type}`,
  name,
  change: { actions: ["update"], before, after, after_unknown: unknown },
});
const found = (...resources: ShownResource[]) =>
  findingsOf(resources, [], (address) => (address.includes("droplet") ? address.split(".")[1] : undefined), {
    members: { added: [], removed: [], renamed: [], changed: [], unchanged: [] },
    checks: [],
    accessChanges: { basis: "new", added: [], removed: [], gained: [], lost: [] },
    known: new Set(),
  }).map(({ id, nodes, detail }) => [id, nodes.join(), detail.join()]);

const narrow = { tags: ["narrow"], inbound_rule: [rule("22", "203.0.113.7/32")] };
const wide = { tags: ["wide"], inbound_rule: [rule("22", "203.0.0.0/16"), rule("80", "0.0.0.0/0")] };

describe("findings about access", () => {
  it("see a droplet that moves from one firewall to a wider one", () => {
    const moved = resource("droplet", "a", { id: "1", tags: ["narrow"] }, { id: "1", tags: ["wide"] });
    const stays = resource("droplet", "b", { id: "2", tags: ["wide"] }, { id: "2", tags: ["wide"] });
    expect(
      found(resource("firewall", "n", narrow, narrow), resource("firewall", "w", wide, wide), moved, stays),
    ).toEqual([["access-wider", "a", "tcp 22 from 203.0.0.0/16,tcp 80 from 0.0.0.0/0"]]);
  });

  it("see a firewall that goes and leaves a droplet without any", () => {
    const droplet = resource("droplet", "a", { id: "1", tags: ["narrow"] }, { id: "1", tags: ["narrow"] });
    expect(found(resource("firewall", "n", narrow, null), droplet)).toEqual([["unguarded", "a", ""]]);
    expect(found(resource("droplet", "new", null, { tags: [] }))).toEqual([["unguarded", "new", ""]]);
  });

  it("see one that attaches by id, one on no droplet of the plan, and one that is not known yet", () => {
    const byId = (sources: string[]) => ({ droplet_ids: [1], inbound_rule: [rule("22", ...sources)] });
    const droplet = resource("droplet", "a", { id: "1" }, { id: "1" });
    expect(found(resource("firewall", "n", byId(["10.0.0.1"]), byId(["0.0.0.0/0"])), droplet)).toEqual([
      ["ssh-open", "a", "tcp 22 from 0.0.0.0/0"],
    ]);
    expect(found(resource("firewall", "n", byId(["10.0.0.1"]), byId(["10.0.0.1", "10.0.0.2"])))).toEqual([
      ["access-wider", "", "tcp 22 from 10.0.0.2"],
    ]);
    expect(found(resource("firewall", "n", byId([]), byId([]), { inbound_rule: true }))).toEqual([
      ["access-unknown", "", ""],
    ]);
  });

  it("say nothing of what gets narrower, nor of what a new host must let in", () => {
    const droplet = resource("droplet", "a", { id: "1", tags: ["wide"] }, { id: "1", tags: ["narrow"] });
    const created = resource("droplet", "b", null, { tags: ["wide"] });
    expect(
      found(resource("firewall", "n", narrow, narrow), resource("firewall", "w", wide, wide), droplet, created),
    ).toEqual([]);
  });
});
