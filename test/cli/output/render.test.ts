// What people read: tables of members, plans, progress as lines.
import { describe, expect, it, vi } from "vitest";
import type { HostStatus } from "../../../cli/engine/deploy/contract.ts";
import { chooseMode } from "../../../cli/output/create.ts";
import { escapeProgress } from "../../../cli/output/escaped.ts";
import { createLineProgress } from "../../../cli/output/lines.ts";
import { renderHosts, renderPeerTable, renderPolicyNote, renderStatus } from "../../../cli/output/mesh.ts";
import { count, renderDuration, renderElapsed, renderTable } from "../../../cli/output/table.ts";
import type { AgentStatus, PeerStatus } from "../../../protocol/control/agent.ts";

const peer = (name: string, more: Partial<PeerStatus> = {}): PeerStatus => ({
  nid: "0".repeat(64),
  name,
  ip4: "100.64.0.2",
  ip6: "fd00::2",
  groups: [],
  session: "established",
  path: { kind: "direct", address: "198.18.0.2", port: 51820 },
  online: true,
  handshakeAge: 61_000,
  roundTrip: 0.4321,
  received: 999,
  sent: 2_560_000,
  ...more,
});

const agent = (name: string, more: Partial<AgentStatus> = {}): AgentStatus => ({
  v: 1,
  mesh: "office-main",
  meshId: "ab".repeat(32),
  nid: "0".repeat(64),
  name,
  ip4: "100.64.0.1",
  ip6: "fd00::1",
  release: "0.1.0-abc",
  interface: "tm0",
  state: "up",
  coordinator: { state: "connected" },
  head: { seq: 1, hash: "" },
  dataPlane: "portable",
  counters: {},
  alarms: [],
  uptime: 1,
  ...more,
});

const error = { code: "TM_X", message: "No route", detail: "host gamma", advice: ["Look at the cable."] };
const hosts: HostStatus[] = [
  {
    name: "alpha",
    role: "coordinator",
    agent: agent("alpha"),
    peers: [peer("beta"), peer("gamma", { session: "idle", path: { kind: "none" } })],
  },
  { name: "beta", role: "node", agent: agent("beta", { state: "frozen", alarms: ["unknown operation"] }), peers: [] },
  { name: "gamma", role: "node", peers: [], error },
];

describe("status", () => {
  it("shows one that SSH does not find as the others see it", () => {
    const seen = { ip4: "100.64.0.9", ip6: "fd00::9", online: true, by: ["alpha", "beta"] };
    const text = renderStatus({
      mesh: "office-main",
      meshId: "ab".repeat(32),
      stage: "main",
      hosts: [
        { name: "phone", role: "node", peers: [], seen },
        { name: "tablet", role: "node", peers: [], seen: { ip6: "fd00::a", online: false, by: [] } },
      ],
    });
    expect(text).toMatch(/^phone +100\.64\.0\.9 +online +seen by alpha, beta$/m);
    expect(text).toMatch(/^tablet +fd00::a +offline$/m);
  });

  it("shows node, address, state, paths and round trips, then alarms and errors", () => {
    expect(renderStatus({ mesh: "office-main", meshId: "ab".repeat(32), stage: "main", hosts })).toBe(
      [
        "Mesh office-main, stage main, id abababababab",
        "NODE   ADDRESS     STATE        PEERS",
        "alpha  100.64.0.1  up           beta direct 0.4 ms, gamma idle 0.4 ms",
        "beta   100.64.0.1  frozen",
        "gamma              not reached",
        "beta: unknown operation",
        "gamma: No route: host gamma (TM_X)",
        "  - Look at the cable.",
      ].join("\n"),
    );
  });

  it("tells an agent that does not run from a host that is not there", () => {
    const stopped: HostStatus = { name: "gamma", role: "node", peers: [], error: { ...error, code: "TM_SSH_SOCKET" } };
    const text = renderStatus({ mesh: "office-main", meshId: "ab".repeat(32), stage: "main", hosts: [stopped] });
    expect(text).toMatch(/^gamma +not running$/m);
  });

  it("counts the peers of a large mesh", () => {
    const peers = [
      ...Array.from({ length: 5 }, (_, index) => peer(`p${index}`)),
      peer("r", { path: { kind: "relay" } }),
    ];
    const text = renderStatus({
      mesh: "m",
      meshId: "",
      stage: "s",
      hosts: [{ name: "a", role: "node", agent: agent("a"), peers }],
    });
    expect(text).toContain("5 direct, 1 relay, 0 none");
  });

  it("says that allow lines are not enforced yet", () => {
    expect(renderPolicyNote(0)).toMatch(/everything passes/);
    expect(renderPolicyNote(1)).toMatch(/^1 allow line noted but not enforced/);
    expect(renderPolicyNote(2)).toMatch(/^2 allow lines noted but not enforced/);
  });
});

describe("peers", () => {
  it("are one row per pair", () => {
    expect(renderPeerTable(hosts.slice(0, 1)).split("\n")).toEqual([
      "NODE   PEER   ADDRESS     SESSION      PATH                     ROUND TRIP  HANDSHAKE  RECEIVED  SENT",
      "alpha  beta   100.64.0.2  established  direct 198.18.0.2:51820  0.4 ms      1 min ago  999 B     2.4 MiB",
      "alpha  gamma  100.64.0.2  idle         none                     0.4 ms      1 min ago  999 B     2.4 MiB",
    ]);
  });

  it("put an IPv6 address into brackets", () => {
    const path = { kind: "direct", address: "fd00::9", port: 1 } as const;
    expect(renderPeerTable([{ name: "a", role: "node", peers: [peer("b", { path })] }])).toContain(
      "direct [fd00::9]:1",
    );
  });
});

describe("hosts of a deploy", () => {
  it("show failures with their advice", () => {
    const text = renderHosts([
      { name: "alpha", state: "installed", ip4: "100.64.0.1", address: "198.18.0.2" },
      { name: "gamma", state: "failed", error },
    ]);
    expect(text.split("\n")).toEqual([
      "NODE   ADDRESS     STATE      REACHED AT",
      "alpha  100.64.0.1  installed  198.18.0.2",
      "gamma              failed",
      "gamma: No route: host gamma (TM_X)",
      "  - Look at the cable.",
    ]);
  });
});

describe("progress as lines", () => {
  it("is one line per step, all of it logged, counting numbers not repeated", async () => {
    const [lines, log]: [string[], string[]] = [[], []];
    const progress = createLineProgress({
      write: (line) => lines.push(line),
      log: (text) => log.push(text),
      verbose: false,
    });
    progress.phase("Installing");
    const row = progress.row("alpha");
    row.update("uploading 10 %");
    row.update("uploading 20 %");
    progress.row("beta").fail("no route");
    progress.row("gamma").skip("nothing to do");
    progress.log("detail");
    row.done();
    await progress.end();
    expect(lines).toEqual([
      "== Installing",
      "alpha: uploading 10 %",
      "beta: failed: no route",
      "gamma: skipped: nothing to do",
      "alpha: done",
    ]);
    expect(log).toContain("alpha: uploading 20 %");
    expect(log).toContain("detail");
  });

  it("shows and keeps what hosts say without control characters, its lines behind the first", async () => {
    const kept: string[] = [];
    const progress = escapeProgress(
      createLineProgress({ write: (line) => kept.push(line), log: (text) => kept.push(text), verbose: true }),
    );
    const steering = "\u001b[31m\r\u202e";
    progress.phase(steering);
    const row = progress.row(`alpha${steering}`);
    row.update(`first${steering}\nsecond`);
    row.done();
    progress.row("beta").fail(steering);
    progress.row("gamma").skip(steering);
    progress.log(`whole\nlines ${steering}`);
    await progress.end();
    for (const one of steering) if (/\p{C}/u.test(one)) expect(kept.join("")).not.toContain(one);
    expect(kept).toContain("alpha\\x1b[31m\\x0d\\u202e: first\\x1b[31m\\x0d\\u202e\n    second");
    expect(kept).toContain("whole\nlines \\x1b[31m\\x0d\\u202e");
  });

  it("says what is still waited for, once in ten seconds of silence", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    try {
      const lines: string[] = [];
      const progress = createLineProgress({ write: (line) => lines.push(line), log: () => undefined, verbose: false });
      progress.phase("Making cloud resources");
      progress.row("droplet of hub").update("creating");
      vi.advanceTimersByTime(4_000);
      progress.row("droplet of gw").update("creating");
      progress.row("tag mesh").done("created");
      vi.advanceTimersByTime(24_000);
      progress.row("droplet of hub").done("created after 28 s");
      await progress.suspend(async () => vi.advanceTimersByTime(60_000));
      progress.row("droplet of gw").done("created after 84 s");
      vi.advanceTimersByTime(60_000);
      await progress.end();
      expect(lines).toEqual([
        "== Making cloud resources",
        "droplet of hub: creating",
        "droplet of gw: creating",
        "tag mesh: created",
        "still waiting: droplet of hub (14 s), droplet of gw (10 s)",
        "still waiting: droplet of hub (24 s), droplet of gw (20 s)",
        "droplet of hub: created after 28 s",
        "droplet of gw: created after 84 s",
      ]);
    } finally {
      vi.useRealTimers();
    }
  });

  it("is chosen wherever something else than a person reads", () => {
    const person = { json: false, verbose: false, plain: false };
    const terminal = { isTTY: true, columns: 80 };
    expect(chooseMode(person, [terminal, terminal])).toBe("list");
    for (const other of ["json", "verbose", "plain"])
      expect(chooseMode({ ...person, [other]: true }, [terminal, terminal])).toBe("lines");
    for (const stream of [{}, { isTTY: false }, { isTTY: true, columns: 0 }, { isTTY: true }]) {
      expect(chooseMode(person, [terminal, stream])).toBe("lines");
      expect(chooseMode(person, [stream, terminal])).toBe("lines");
    }
  });
});

describe("small words", () => {
  it("are counted and rounded", () => {
    expect([count(1, "host"), count(0, "host"), count(3, "change")]).toEqual(["1 host", "0 hosts", "3 changes"]);
    expect([0, 1400, 61_000, 3_900_000].map(renderDuration)).toEqual(["0 s", "1 s", "1 min", "1 h 5 min"]);
    expect([59_000, 65_000, 3_900_000].map(renderElapsed)).toEqual(["59 s", "1 min 5 s", "1 h 5 min"]);
    expect(renderTable(["A", "B"], [["long", "x"], ["s"]])).toBe("A     B\nlong  x\ns");
    expect(renderTable(["A", "B"], [["\u001b[2J", "x"]])).toBe("A        B\n\\x1b[2J  x");
  });
});
