// Who gains and who loses which access, clients and members to come among them, and how a plan says it.
import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { type AccessQuestion, changesOfAccess } from "../../../../cli/engine/review/access-changes.ts";
import { type Parties, type Party, partiesOf } from "../../../../cli/engine/review/parties.ts";
import { planSchema } from "../../../../cli/engine/review/plan.ts";
import { renderPlanMarkdown } from "../../../../cli/output/review/markdown.ts";
import { renderPlanText } from "../../../../cli/output/review/text.ts";
import { icmp, LocalHost, type Mesh, tcp, udp } from "../../../../constructs/index.ts";
import type { MeshModel, SelectorModel, ServiceModel } from "../../../../constructs/model.ts";
import type { NodeId } from "../../../../protocol/brand.ts";
import type { Member } from "../../../../protocol/trust/member.ts";
import { office, synth } from "../../../constructs/mesh.ts";
import { root } from "../../run-tm.ts";
import { meshPlan, reviewRecorded } from "./recorded.ts";

const group = (name: string): SelectorModel => ({ kind: "group", name });
const node = (name: string): SelectorModel => ({ kind: "node", name });
const range = (cidr: string): SelectorModel => ({ kind: "cidr", cidr });
const ports = (protocol: "tcp" | "udp", ...each: readonly (number | [number, number])[]): ServiceModel => ({
  protocol,
  ports: each.map((port) => (typeof port === "number" ? { from: port, to: port } : { from: port[0], to: port[1] })),
});
const rule = (from: SelectorModel, to: SelectorModel, ...services: readonly ServiceModel[]) => ({ from, to, services });
const party = (name: string, groups: readonly string[] = [], addresses: readonly string[] = []): Party => ({
  ...{ key: name, name, groups, addresses },
});
const meshRanges = ["100.64.0.0/10"];
const same = (...parties: readonly Party[]): Parties => ({ before: parties, after: parties });
const compare = (question: Partial<AccessQuestion>) =>
  changesOfAccess({ deployed: { allow: [], at: 0 }, allow: [], parties: same(), meshRanges, ...question });
const words = (question: Partial<AccessQuestion>) => {
  const { gained, lost } = compare(question);
  return [...gained, ...lost].map((reach) => reach.words);
};

describe("access that changes", () => {
  const people = [party("alice", ["people"]), party("bob", ["people"])];
  const all = same(...people, party("nas", ["storage"]), party("backup", ["storage"]));

  it("names who gains and who loses, and takes those that are alike together", () => {
    const deployed = { allow: [rule(group("people"), node("nas"), ports("tcp", 22, [8000, 8100]))], at: 0 };
    const allow = [rule(group("people"), group("storage"), ports("tcp", 22, [8050, 8200]))];
    expect(compare({ deployed, allow, parties: all })).toEqual({
      basis: "deployed",
      since: "1970-01-01T00:00:00.000Z",
      added: ["group people may reach group storage: tcp 22 8050-8200"],
      removed: ["group people may reach node nas: tcp 22 8000-8100"],
      gained: [
        expect.objectContaining({ words: "alice, bob may newly reach backup: tcp 22 8050-8200" }),
        expect.objectContaining({ from: ["alice", "bob"], to: ["nas"], services: ["tcp 8101-8200"] }),
      ],
      lost: [expect.objectContaining({ words: "alice, bob may no longer reach nas: tcp 8000-8049" })],
    });
  });

  it("is none where the same is said in other rules", () => {
    const deployed = { allow: [rule(group("people"), node("nas"), ports("tcp", [1, 99]), ports("udp"))], at: 0 };
    const allow = [
      rule(node("alice"), node("nas"), ports("tcp", [1, 50], [40, 99])),
      rule(node("bob"), node("nas"), ports("tcp", [1, 99])),
      rule(group("people"), node("nas"), ports("udp", [1, 9], [10, 65_535])),
    ];
    expect(words({ deployed, allow, parties: all })).toEqual([]);
  });

  it("follows a member into another group, and under another name", () => {
    const allow = [rule(group("people"), node("nas"), ports("tcp", 22)), rule(node("new"), node("nas"), ports("udp"))];
    const deployed = { allow: [allow[0]!, rule(node("old"), node("nas"), ports("udp"))], at: 0 };
    const parties: Parties = {
      before: [party("nas"), party("carol", ["guests"]), { ...party("new"), name: "old" }],
      after: [party("nas"), party("carol", ["people"]), party("new")],
    };
    expect(words({ deployed, allow, parties })).toEqual(["carol may newly reach nas: tcp 22"]);
  });

  it("takes a range for what it covers, members in it among them", () => {
    const deployed = { allow: [rule(range("10.0.0.0/8"), node("nas"), ports("tcp", 443))], at: 0 };
    const allow = [
      rule(range("10.1.0.0/16"), node("nas"), ports("tcp", 443)),
      rule(range("100.64.0.0/24"), node("nas"), ports("tcp", 1)),
    ];
    const parties = same(party("nas", [], ["100.64.1.1"]), party("near", [], ["100.64.0.9", "fd00::9"]), party("late"));
    expect(words({ deployed, allow, parties })).toEqual([
      "100.64.0.0/24, near may newly reach nas: tcp 1",
      "10.0.0.0/8 may no longer reach nas: tcp 443",
    ]);
    const whole = [rule(range("100.0.0.0/8"), node("nas"), { protocol: "icmp", ports: [] } as const)];
    expect(words({ allow: whole, parties })).toEqual(["100.0.0.0/8, late, near may newly reach nas: icmp"]);
  });

  it("is not guessed where nobody knows what was deployed, and is all of it where nothing was", () => {
    const allow = [rule(group("people"), node("nas"), ports("tcp", 22))];
    expect(compare({ deployed: undefined, allow, parties: all })).toEqual({
      ...{ basis: "unknown", added: [], removed: [], gained: [], lost: [] },
    });
    expect(compare({ deployed: "new", allow, parties: { ...all, before: [] } })).toMatchObject({
      ...{ basis: "new", gained: [{ from: ["alice", "bob"], to: ["nas"] }], lost: [] },
    });
  });
});

const member = (name: string, more: Partial<Member> = {}): Member => ({
  ...({
    nid: `nid-${name}` as NodeId,
    sshPublicKey: "",
    name,
    ip4: undefined,
    ip6: "fd00::1" as Member["ip6"],
  } as const),
  ...({ groups: [], routes: [], expires: 0, origin: "stack", grantSeq: 1, keys: undefined } as const),
  ...more,
});
const unchanged = { removed: [], renamed: [] };

describe("who the policy speaks of", () => {
  const stack = (...members: readonly { readonly name: string; readonly groups?: readonly string[] }[]) =>
    ({ members: members.map(({ name, groups = [] }) => ({ name, groups })) }) as unknown as MeshModel;
  const names = (parties: readonly Party[]) => parties.map(({ name }) => name);

  it("are members of the stack as it says, and others as they were granted", () => {
    const known = [member("hub"), member("guest", { origin: "token", groups: ["people"] }), member("gone")];
    const { before, after } = partiesOf(stack({ name: "hub", groups: ["new"] }, { name: "late" }), known, {
      ...{ removed: ["gone"], renamed: [] },
    });
    expect([names(before), names(after)]).toEqual([
      ["hub", "guest", "gone"],
      ["hub", "late", "guest"],
    ]);
    expect(after.map(({ groups }) => groups.join())).toEqual(["new", "", "people"]);
  });

  it("are clients, as long as one of their gateways stays", () => {
    const via = [member("gw-a").nid, member("gw-b").nid];
    const known = [member("gw-a"), member("gw-b"), member("phone", { origin: "add-node", via, groups: ["people"] })];
    const one = partiesOf(stack({ name: "gw-b" }), known, { ...unchanged, removed: ["gw-a"] });
    expect(names(one.after)).toEqual(["gw-b", "phone"]);
    const none = partiesOf(stack(), known, { ...unchanged, removed: ["gw-a", "gw-b"] });
    expect([names(none.before), names(none.after)]).toEqual([["gw-a", "gw-b", "phone"], []]);
  });
});

function build(mesh: Mesh): undefined {
  const [people, storage] = [mesh.group("people"), mesh.group("storage")];
  mesh.coordinator("hub", new LocalHost());
  mesh.node("nas", new LocalHost(), { groups: [storage] });
  mesh.node("laptop", new LocalHost(), { groups: [people] });
  mesh.allow(people, storage, tcp(22), icmp);
  mesh.allow("0.0.0.0/0", mesh.node("web", new LocalHost()), tcp(443), udp(443));
  return undefined;
}

describe("a plan in which access changes", () => {
  const known = ["hub", "nas", "laptop", "web"]
    .map((name) => member(name, name === "nas" ? { groups: ["storage"] } : {}))
    .concat(member("phone", { origin: "add-node", groups: ["people"], via: ["nid-hub" as NodeId] }));
  const result = {
    ...meshPlan,
    hosts: [],
    members: { added: [], removed: [], renamed: [], changed: ["laptop"], unchanged: ["hub", "nas", "web"] },
  };
  const review = async (changed: Partial<Parameters<typeof reviewRecorded>[0]> = {}) => {
    const model = await synth(office(build));
    return reviewRecorded({
      ...{
        model,
        terraform: undefined,
        shown: undefined,
        result,
        known,
        deployed: {
          allow: [rule(group("people"), node("nas"), ports("tcp", 443))],
          at: Date.UTC(2026, 10, 20),
        },
      },
      ...changed,
    });
  };

  it("says so in text, markdown, JSON and risk, and calls out who gets in", async () => {
    const plan = await review();
    expect(planSchema.parse(plan)).toEqual(plan);
    expect([plan.risk, plan.findings.map(({ id, level }) => `${level} ${id}`)]).toEqual([
      "widening",
      ["danger policy-open", "warning policy-wider"],
    ]);
    const documents = readFileSync(path.join(root, "docs/plan-review.md"), "utf8");
    const [, shown = ""] = /```\n(!! 0\.0\.0\.0\/0 .*?)```/s.exec(documents) ?? [];
    const [first, second, ...access] = shown.trimEnd().split("\n");
    const lines = renderPlanText(plan).split("\n");
    expect(lines.slice(1, 3)).toEqual([first, second]);
    const at = lines.indexOf("Access by the policy (not enforced yet), against that of 2026-11-20:");
    expect(lines.slice(at, at + 7)).toEqual(access);
    const markdown = renderPlanMarkdown(plan);
    expect(markdown).toContain("> [!CAUTION]\n> - `0.0.0.0/0` may newly reach `web`: `tcp 443`, `udp 443`");
    expect(markdown).toContain("- `laptop`, `phone` may newly reach `nas`: `icmp`, `tcp 22`");
  });

  it("has the same digest on a machine that does not know what was deployed, and says that it does not", async () => {
    const plan = await review();
    const other = await review({ deployed: undefined, known: [] });
    expect(other.digest).toBe(plan.digest);
    expect(other.accessChanges.basis).toBe("unknown");
    expect(other.unknown.map(({ id }) => id)).toEqual(["policy-before"]);
    expect(renderPlanText(other)).toContain(
      "Not known:\n  who gains or loses access, as the policy of the last deploy",
    );
    expect(other.risk).toBe("low");
  });

  it("keeps its form where a secret is the same as its date", async () => {
    const plan = await review({ environment: { SOME_TOKEN: "2026-11-20T00" } });
    expect(planSchema.parse(plan).accessChanges.since).toBe("2026-11-20T00:00:00.000Z");
  });

  it("says of a member to come that nobody knows whether a range will cover it", async () => {
    const model = await synth(
      office((mesh) => {
        build(mesh);
        mesh.allow("100.64.7.0/24", mesh.node("late", new LocalHost()), tcp(22));
        return undefined;
      }),
    );
    expect((await review({ model })).unknown.map((one) => one.words)).toEqual([
      "whether late will be in 100.64.7.0/24, before it has an address",
    ]);
  });
});
