// What a deploy may sign with TM_CI_TOKEN: new members within the token, and nothing that is an admin's.
import { describe, expect, it } from "vitest";
import { beyondToken, type CiToken, openCiToken } from "../../../../cli/engine/deploy/ci-token.ts";
import { planMembership } from "../../../../cli/engine/deploy/membership.ts";
import { nextLogEntry, tokenGrantFor } from "../../../../cli/engine/trust/items.ts";
import type { MemberModel } from "../../../../constructs/model.ts";
import type { NodeId } from "../../../../protocol/brand.ts";
import { makeToken } from "../../../../protocol/trust/make-token.ts";
import type { Member, MeshView } from "../../../../protocol/trust/member.ts";
import { nodeIdOf } from "../../../../protocol/trust/ssh-public-key.ts";
import type { TokenAdd } from "../../../../protocol/trust/token-entry.ts";
import { applyItems } from "../../../../protocol/trust/view.ts";
import { admin, now, openedView, party } from "../../../protocol/trust/mesh.ts";

const model = (name: string, more: Partial<MemberModel> = {}): MemberModel => ({
  name,
  role: "node",
  host: { kind: "ssh", target: name },
  groups: [],
  dnsNames: [],
  routes: [],
  ...more,
});
const reached = (name: string, digit: string, more: Partial<MemberModel> = {}) => ({
  member: model(name, more),
  nid: digit.repeat(64) as NodeId,
  sshPublicKey: `ssh-ed25519 ${digit}`,
});
const member = (name: string, digit: string, more: Partial<Member> = {}) =>
  ({ nid: digit.repeat(64), name, groups: [], routes: [], origin: "stack", grantSeq: 1, ...more }) as unknown as Member;
const ci = (more: Partial<TokenAdd> = {}, usesLeft = 5) =>
  ({ token: { groups: ["cloud"], ...more } as TokenAdd, usesLeft }) as CiToken;
const reasons = (
  members: readonly Member[],
  hosts: readonly ReturnType<typeof reached>[],
  token = ci(),
  names = hosts.map((host) => host.member.name),
) => beyondToken(token, planMembership(members, new Set(names), hosts, { ci: true }));

describe("beyondToken", () => {
  it("lets new members of its groups in, and keeps what it has signed before", () => {
    const before = [member("alpha", "a"), member("beta", "b", { origin: "token", groups: ["cloud"] })];
    const hosts = [reached("alpha", "a"), reached("beta", "b", { groups: ["cloud"] }), reached("gamma", "c")];
    expect(reasons(before, hosts)).toEqual([]);
  });

  it("names all that is an admin's to sign", () => {
    const before = [member("alpha", "a"), member("old", "b"), member("gone", "d")];
    const hosts = [
      reached("alpha", "a", { groups: ["people"] }),
      reached("new", "b", { formerly: "old" }),
      reached("gate", "e", { routes: ["10.1.0.0/16"] }),
      reached("desk", "f", { groups: ["cloud", "people"] }),
    ];
    expect(reasons(before, hosts).join("\n")).toMatch(
      /^alpha is changed\nnew is renamed\ngate carries routes\ndesk is in people.*\ngone is to be revoked$/,
    );
  });

  it("counts uses, and keeps to the names of the token", () => {
    expect(reasons([], [reached("a", "a"), reached("b", "b")], ci({}, 1))).toEqual([
      "2 new members, and the token has 1 uses left",
    ]);
    expect(reasons([], [reached("a", "a")], ci({ names: ["b"] }))).toEqual(["the token is not for the name a"]);
  });
});

describe("openCiToken", () => {
  const view = openedView();
  const token = (more: { ci?: boolean; exp?: number; meshId?: string } = {}) =>
    makeToken({
      meshId: (more.meshId ?? view.meshId) as MeshView["meshId"],
      coordinatorKey: Uint8Array.from([9, ...new Array(31).fill(0)]) as never,
      urls: ["ws://198.18.0.2:8443"],
      seed: new Uint8Array(32).fill(7),
      exp: more.exp ?? Math.ceil((now + 3600) / 60) * 60,
      uses: 2,
      ephemeral: false,
      groups: ["cloud"],
      ci: more.ci ?? true,
      wraps: [],
    });
  const added = async (entry: TokenAdd) =>
    applyItems(view, [await nextLogEntry(view, entry, now, [admin.signer])], now).view;

  it("opens one of the log, and agents take what it signs", async () => {
    const { text, entry } = token();
    const after = await added(entry);
    const opened = openCiToken(text, after, now);
    expect([opened.token.tid, opened.usesLeft]).toEqual([entry.tid, 2]);
    const beta = party("beta");
    const choice = {
      sshPublicKey: beta.signer.publicKey.line,
      name: "beta",
      origin: "stack",
      groups: ["cloud"],
    } as const;
    const grant = await tokenGrantFor(after, choice, opened.token, opened.keys);
    const applied = applyItems(after, [grant], now);
    expect(applied.verdicts).toEqual([{ accepted: true, known: false }]);
    expect(applied.view.members.get(nodeIdOf(beta.signer.publicKey))).toMatchObject({ name: "beta", origin: "token" });
  });

  it("refuses one that is unknown, of another mesh, made for machines, or over", async () => {
    const refused = (text: string, at: MeshView | undefined, time = now) => {
      expect(() => openCiToken(text, at, time)).toThrow(expect.objectContaining({ code: "TM_CI_TOKEN", exitCode: 3 }));
    };
    const { text, entry } = token();
    refused(text, undefined);
    refused(text, view);
    refused(token({ meshId: "ab".repeat(32) }).text, view);
    const plain = token({ ci: false });
    refused(plain.text, await added(plain.entry));
    refused(text, await added(entry), entry.exp);
    expect(() => openCiToken("nonsense", view, now)).toThrow(/token/);
  });
});
