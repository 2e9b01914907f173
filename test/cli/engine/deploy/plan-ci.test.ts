// What a plan of CI says about signatures without having the token or reaching a host.
import { describe, expect, it } from "vitest";
import { isUnasked, knownUnasked, refuseUnsigned, unaskedHosts } from "../../../../cli/engine/deploy/plan-ci.ts";
import type { Run } from "../../../../cli/engine/deploy/run.ts";
import { nextLogEntry } from "../../../../cli/engine/trust/items.ts";
import { makeToken } from "../../../../protocol/trust/make-token.ts";
import { applyItems } from "../../../../protocol/trust/view.ts";
import { admin, grantItem, now, openedView, party } from "../../../protocol/trust/mesh.ts";

/** A mesh with the member alpha, and a token of CI. */
async function meshWith(token: { readonly groups: string[]; readonly exp?: number } | undefined) {
  const opened = openedView();
  const { view } = applyItems(opened, [grantItem(opened, party("alpha"))], now);
  if (token === undefined) return view;
  const { entry } = makeToken({
    meshId: view.meshId,
    coordinatorKey: Uint8Array.from([9, ...new Array(31).fill(0)]) as never,
    urls: ["ws://198.18.0.2:8443"],
    seed: new Uint8Array(32).fill(7),
    exp: token.exp ?? Math.ceil((now + 3600) / 60) * 60,
    uses: 2,
    ephemeral: false,
    groups: token.groups,
    ci: true,
    wraps: [],
  });
  return applyItems(view, [await nextLogEntry(view, entry, now, [admin.signer])], now).view;
}

const host = (name: string, key?: string) =>
  ({ kind: "ssh", target: name, ...(key === undefined ? {} : { hostKey: key }) }) as const;
const member = (name: string, more: object = {}) => ({
  ...{ name, role: "node", host: host(name), groups: [] as string[], dnsNames: [], routes: [] },
  ...more,
});

describe("refuseUnsigned", () => {
  const refuse = async (
    members: readonly object[],
    token: { readonly groups: string[]; readonly exp?: number } | undefined,
  ) => {
    const view = await meshWith(token);
    const run = { model: { name: view.name, members }, home: { read: async () => ({ view }) } } as unknown as Run;
    return refuseUnsigned(run);
  };

  it("lets new members of a live token's groups pass", async () => {
    await refuse([member("alpha"), member("beta", { groups: ["cloud"] })], { groups: ["cloud"] });
  });

  it("names what an admin has to sign, by the token that could do the most", async () => {
    const changed = [member("alpha", { groups: ["people"] }), member("beta", { groups: ["cloud", "people"] })];
    await expect(refuse(changed, { groups: ["cloud"] })).rejects.toMatchObject({
      code: "TM_CI_NEEDS_ADMIN",
      exitCode: 3,
      detail: "alpha is changed; beta is in people, which the token has not",
    });
    await expect(refuse([], { groups: ["cloud"] })).rejects.toMatchObject({ detail: "alpha is to be revoked" });
  });

  it("says when no token of CI is good any more", async () => {
    await expect(refuse([member("alpha")], undefined)).rejects.toMatchObject({ code: "TM_CI_TOKEN", exitCode: 3 });
    await expect(refuse([member("alpha")], { groups: [], exp: 60 })).rejects.toMatchObject({ code: "TM_CI_TOKEN" });
  });
});

describe("hosts that nobody asked", () => {
  it("are known where they are members, whatever their name", async () => {
    const view = await meshWith(undefined);
    const members = [...view.members.values()];
    const key = members[0]!.sshPublicKey;
    const stack = [
      member("gate", { formerly: "alpha" }),
      member("new", { host: host("new", key.replace(/.{4}$/, "AAAA")) }),
    ];
    const unasked = unaskedHosts({ members: stack as never });
    expect(unasked.every(isUnasked)).toBe(true);
    expect(
      knownUnasked(unasked.slice(0, 1), members).map(({ member: { name }, sshPublicKey }) => [name, sshPublicKey]),
    ).toEqual([["gate", key]]);
  });
});
