// Whose key an author knows without reaching a host.
import { describe, expect, it } from "vitest";
import { knownKeys } from "../../../../cli/engine/deploy/sign-known.ts";
import { renderSigned } from "../../../../cli/output/signed.ts";
import type { HostModel, MemberModel } from "../../../../constructs/model.ts";
import type { Member } from "../../../../protocol/trust/member.ts";
import { nodeIdOf } from "../../../../protocol/trust/ssh-public-key.ts";
import { party } from "../../../protocol/trust/mesh.ts";

const [alpha, beta] = [party("alpha").signer.publicKey, party("beta").signer.publicKey];
const model = (name: string, host: HostModel, formerly?: string): MemberModel => ({
  name,
  role: "node",
  host,
  groups: [],
  dnsNames: [],
  routes: [],
  ...(formerly === undefined ? {} : { formerly }),
});
const ssh = (hostKey?: string): HostModel => ({
  kind: "ssh",
  target: "me@box",
  ...(hostKey === undefined ? {} : { hostKey }),
});
const member = (name: string, sshPublicKey: string) => ({ name, sshPublicKey }) as Member;

describe("knownKeys", () => {
  it("are those of members, also under an old name, and those that the stack pins", () => {
    const stack = [
      model("alpha", ssh()),
      model("new", ssh(), "old"),
      model("pinned", ssh(`${beta.line} comment`)),
      model("fresh", ssh()),
      model("here", { kind: "local", nat: "none", internet: false }),
    ];
    const { known, unknown } = knownKeys(stack, [member("alpha", alpha.line), member("old", beta.line)]);
    expect(known.map((one) => [one.member.name, one.nid, one.sshPublicKey])).toEqual([
      ["alpha", nodeIdOf(alpha), alpha.line],
      ["new", nodeIdOf(beta), beta.line],
      ["pinned", nodeIdOf(beta), beta.line],
    ]);
    expect(unknown).toEqual(["fresh", "here"]);
  });
});

describe("renderSigned", () => {
  const nothing = {
    mesh: "m",
    stage: "s",
    file: "mesh/s.jsonl",
    granted: [],
    changed: [],
    renamed: [],
    revoked: [],
    unknown: [],
    asked: true,
  };

  it("says what to commit, what is not signed, and who was not asked", () => {
    expect(renderSigned(nothing)).toBe("Nothing needs a signature.");
    const text = renderSigned({
      ...nothing,
      granted: ["a", "b"],
      renamed: [{ from: "c", to: "d" }],
      unknown: ["e"],
      asked: false,
    });
    expect(text).toContain("new      a, b\n  renamed  c → d\nCommit it: git add mesh/s.jsonl");
    expect(text).toMatch(/Not signed.*: e\./);
    expect(text).toContain("git pull");
  });
});
