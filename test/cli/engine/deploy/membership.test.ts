// What a deploy changes about membership, case by case.
import { describe, expect, it } from "vitest";
import { namesOf, planMembership, type ReachedMember } from "../../../../cli/engine/deploy/membership.ts";
import type { HostModel, MemberModel } from "../../../../constructs/model.ts";
import type { Ipv4Address, Ipv6Address, NodeId } from "../../../../protocol/brand.ts";
import type { Member } from "../../../../protocol/trust/member.ts";

const nid = (digit: string): NodeId => digit.repeat(64) as NodeId;
const local: HostModel = { kind: "local", nat: "none", internet: false };
const server: HostModel = { kind: "ssh", target: "root@server" };

function reached(name: string, digit: string, more: Partial<MemberModel> = {}): ReachedMember {
  const member: MemberModel = { name, role: "node", host: local, groups: [], dnsNames: [], routes: [], ...more };
  return { member, nid: nid(digit), sshPublicKey: `ssh-ed25519 ${digit}` };
}

function member(name: string, digit: string, more: Partial<Member> = {}): Member {
  return {
    nid: nid(digit),
    sshPublicKey: `ssh-ed25519 ${digit}`,
    name,
    ip4: "100.64.0.1" as Ipv4Address,
    ip6: "fd00::1" as Ipv6Address,
    groups: [],
    routes: [],
    expires: 0,
    origin: "stack",
    grantSeq: 1,
    keys: undefined,
    ...more,
  };
}

const plan = (
  members: readonly Member[],
  hosts: readonly ReachedMember[],
  names = hosts.map((one) => one.member.name),
) =>
  planMembership(members, new Set(names), hosts).map((change) => [
    change.kind,
    "why" in change ? change.why : "",
    change.kind === "revoke" ? change.before.name : change.reached.member.name,
  ]);

describe("planMembership", () => {
  it("grants a new host and keeps one that is as the stack says", () => {
    expect(plan([member("alpha", "a")], [reached("alpha", "a"), reached("beta", "b")])).toEqual([
      ["keep", "", "alpha"],
      ["grant", "new", "beta"],
    ]);
  });

  it("grants again when groups or routes change, in whatever order they stand", () => {
    const before = [member("alpha", "a", { groups: ["x", "y"] }), member("beta", "b")];
    expect(
      plan(before, [reached("alpha", "a", { groups: ["y", "x"] }), reached("beta", "b", { routes: ["10.1.0.0/16"] })]),
    ).toEqual([
      ["keep", "", "alpha"],
      ["grant", "changed", "beta"],
    ]);
  });

  it("takes an added node into the stack", () => {
    expect(plan([member("alpha", "a", { origin: "add-node" })], [reached("alpha", "a")])).toEqual([
      ["grant", "changed", "alpha"],
    ]);
  });

  it("revokes who left the stack and nobody else", () => {
    const before = [
      member("alpha", "a"),
      member("beta", "b"),
      member("guest", "c", { origin: "add-node" }),
      member("phone", "d", { origin: "token" }),
    ];
    expect(plan(before, [reached("alpha", "a")])).toEqual([
      ["keep", "", "alpha"],
      ["revoke", "removed", "beta"],
    ]);
  });

  it("leaves a stack member alone whose host was not reached", () => {
    expect(plan([member("alpha", "a"), member("beta", "b")], [reached("alpha", "a")], ["alpha", "beta"])).toEqual([
      ["keep", "", "alpha"],
    ]);
  });

  it("renames with formerly and refuses to guess", () => {
    expect(plan([member("old", "a")], [reached("new", "a", { formerly: "old" })])).toEqual([
      ["grant", "renamed", "new"],
    ]);
    expect(() => plan([member("old", "a")], [reached("new", "a")])).toThrow(/another name/);
  });

  it("replaces a local host in place, but asks about any other", () => {
    expect(plan([member("alpha", "a")], [reached("alpha", "b")])).toEqual([
      ["revoke", "replaced", "alpha"],
      ["grant", "replaced", "alpha"],
    ]);
    expect(() => plan([member("alpha", "a")], [reached("alpha", "b", { host: server })])).toThrow(/another host key/);
  });

  it("gives nobody the name of a machine that joined by a token", () => {
    const phone = member("alpha", "a", { origin: "token" });
    expect(() => plan([phone], [reached("alpha", "b")])).toThrow(/exists already: alpha has joined by a token/);
    expect(plan([phone], [reached("alpha", "a")])).toEqual([["grant", "changed", "alpha"]]);
  });

  it("refuses cloned host keys", () => {
    expect(() => plan([], [reached("alpha", "a"), reached("beta", "a")])).toThrow(/same SSH host key: alpha and beta/);
  });
});

describe("a member that is to be renamed", () => {
  const alpha = reached("alpha", "a");
  const delta = reached("delta", "b", { formerly: "beta" });
  const before = [member("alpha", "a"), member("beta", "b")];

  it("stays while its host cannot be reached", () => {
    const names = namesOf([alpha.member, delta.member], [alpha]);
    expect(plan(before, [alpha], [...names])).toEqual([["keep", "", "alpha"]]);
  });

  it("is renamed where it is reached, and replaced where its host is a new one", () => {
    const names = (hosts: readonly ReachedMember[]) => [...namesOf([alpha.member, delta.member], hosts)];
    expect(plan(before, [alpha, delta], names([alpha, delta]))).toContainEqual(["grant", "renamed", "delta"]);
    const fresh = { ...delta, nid: nid("c") };
    expect(plan(before, [alpha, fresh], names([alpha, fresh]))).toEqual([
      ["keep", "", "alpha"],
      ["grant", "new", "delta"],
      ["revoke", "removed", "beta"],
    ]);
  });
});
