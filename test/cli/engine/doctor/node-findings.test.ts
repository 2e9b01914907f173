// What tm doctor makes of a node: well, ill in each way that it looks for, and of a host that says nonsense.
import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { judgeNode, type NodeLook, parseLook } from "../../../../cli/engine/doctor/node-findings.ts";
import { nodeScript } from "../../../../cli/engine/doctor/node-script.ts";
import { renderFindings } from "../../../../cli/output/findings.ts";
import type { AgentStatus, PeerStatus } from "../../../../protocol/control/agent.ts";

const peer: PeerStatus = {
  nid: "b".repeat(64),
  name: "alpha",
  ip4: "100.64.0.1",
  ip6: "fd00::1",
  groups: [],
  session: "established",
  path: { kind: "direct", address: "198.18.0.2", port: 51820 },
  online: true,
  roundTrip: 1.25,
  received: 1,
  sent: 1,
};
const status: AgentStatus = {
  v: 1,
  mesh: "demo-main",
  meshId: "a".repeat(64),
  nid: "c".repeat(64),
  name: "beta",
  ip4: "100.64.0.2",
  ip6: "fd00::2",
  release: "0.2.0",
  interface: "tm0",
  state: "up",
  coordinator: { state: "connected", url: "ws://198.18.0.2:8443" },
  head: { seq: 1, hash: "d".repeat(64) },
  dataPlane: "portable",
  counters: {},
  alarms: [],
  uptime: 1,
};
const release = `0.2.0-${"e".repeat(16)}`;
const healthy = {
  time: "1800000000",
  "unit.agent": "UnitFileState=enabled NRestarts=0 ActiveState=active SubState=running ",
  current: `../releases/${release}`,
  tun: "yes",
  udp: "2",
  "free.var": "5000000",
  "free.opt": "4000000",
  addresses: "100.64.0.2/32 fd00::2/128",
  routes: "3",
  "name.beta.mesh": "100.64.0.2",
  end: "yes",
};

function look(said: Readonly<Record<string, string>> = {}, more: Partial<NodeLook> = {}): NodeLook {
  const text = Object.entries({ ...healthy, ...said }).map(([key, value]) => `${key}=${value}\n`);
  return {
    name: "beta",
    role: "node",
    release,
    said: parseLook(text.join("")),
    now: 1_800_000_002_000,
    took: 300,
    udpPort: 51820,
    agent: { status, peers: [peer] },
    ...more,
  };
}
const wrong = (node: NodeLook) => judgeNode(node).filter(({ state }) => state !== "ok");

describe("a node", () => {
  it("that is well has no finding but good ones", () => {
    expect(wrong(look())).toEqual([]);
  });

  it.each<[string, NodeLook, string, RegExp]>([
    ["its service is down", look({ "unit.agent": "ActiveState=failed SubState=failed" }), "agent service", /failed/],
    [
      "it restarts",
      look({ "unit.agent": "ActiveState=active UnitFileState=enabled NRestarts=7" }),
      "agent service",
      /7 times/,
    ],
    ["it has another release", look({ current: "../releases/0.1.0-0000000000000000" }), "release", /0\.1\.0/],
    ["its clock is wrong", look({ time: "1800000400" }), "clock", /398 s ahead/],
    ["it has no TUN device", look({ tun: "" }), "tun device", /does not open/],
    ["its port is somebody else's", look({ udp: "0" }), "UDP 51820", /nobody/],
    ["its disk is full", look({ "free.opt": "1024" }), "disk", /1 MB/],
    ["its interface has another address", look({ addresses: "10.0.0.1/32" }), "interface", /not 100\.64\.0\.2/],
    ["a name does not resolve", look({ "name.beta.mesh": "" }), "names", /beta\.mesh/],
    ["its agent does not answer", look({}, { agent: { error: "no socket" } }), "control socket", /no socket/],
    [
      "it has lost the coordinator",
      look({}, { agent: { status: { ...status, coordinator: { state: "connecting", error: "refused" } }, peers: [] } }),
      "coordinator",
      /refused/,
    ],
    [
      "every peer is on the relay",
      look({}, { agent: { status, peers: [{ ...peer, path: { kind: "relay" } }] } }),
      "direct paths",
      /something else/,
    ],
  ])("is told, with a way out: %s", (_, node, check, detail) => {
    const found = wrong(node).find((finding) => finding.check === check);
    expect(found?.detail).toMatch(detail);
    expect(found?.advice?.length).toBeGreaterThan(0);
  });

  it("that says nonsense is judged without a crash, and printed without a control character", () => {
    const property = fc.property(fc.string({ unit: "binary" }), fc.string(), (text, value) => {
      const said = parseLook(`${text}\ntime=${value}\nroutes=${value}\nname.\u001b[2J=${value}`);
      const shown = renderFindings(judgeNode(look({}, { said })));
      expect([...shown].filter((one) => one < " " && one !== "\n")).toEqual([]);
    });
    fc.assert(property, { numRuns: 100 });
  });
});

it("the script runs in a plain shell and comes to its end", () => {
  const script = nodeScript({ mesh: "no-such", interface: "tm9", udpPort: 1, tcpPort: 1, names: ["localhost"] });
  const said = parseLook(execFileSync("sh", ["-c", script], { encoding: "utf8" }));
  expect(said.get("end")).toBe("yes");
  expect(said.get("name.localhost")).toMatch(/^(127\.0\.0\.1|::1)$/);
  expect(Number(said.get("free.var"))).toBeGreaterThan(0);
});
