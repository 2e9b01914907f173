// A token of CI as an SSH key and as the carrier of the network secret.
import { createHash, createPublicKey, verify } from "node:crypto";
import { describe, expect, it } from "vitest";
import { ciLogins, hadCiTokens, heldKeysOf } from "../../../../cli/engine/ci/login.ts";
import { openNetworkSecret } from "../../../../cli/engine/ci/network-secret.ts";
import type { X25519PublicKey } from "../../../../protocol/brand.ts";
import { makeToken, wrapPubOf } from "../../../../protocol/trust/make-token.ts";
import type { TokenState } from "../../../../protocol/trust/member.ts";
import { tokenKeys } from "../../../../protocol/trust/token-keys.ts";
import { wrapNetworkSecret } from "../../../../protocol/trust/wrapped-secret.ts";
import { now, openedView } from "../../../protocol/trust/mesh.ts";

const { meshId } = openedView();
const seed = new Uint8Array(32).fill(9);
const secret = "5a".repeat(32);

const make = async (generations = [{ gen: 1, secret }]) => {
  const recipient = Buffer.from(wrapPubOf(seed, meshId), "hex");
  const wraps = await Promise.all(generations.map((one) => wrapNetworkSecret(recipient, meshId, one)));
  return makeToken({
    meshId,
    seed,
    wraps,
    coordinatorKey: new Uint8Array(32).fill(4) as X25519PublicKey,
    urls: ["ws://192.0.2.1:8443"],
    exp: Math.ceil((now + 3600) / 60) * 60,
    uses: 2,
    groups: ["cloud"],
    ephemeral: false,
    ci: true,
  });
};
const digest = (text: string) => createHash("sha256").update(text).digest("hex");

describe("a token of CI", () => {
  it("signs as the SSH key that the log names", async () => {
    const { text, entry } = await make();
    const [key] = heldKeysOf(text);
    const [login] = ciLogins({ tokens: new Map([[entry.tid, { token: entry, revoked: "no" } as TokenState]]) }, now);
    expect(login).toEqual({ tid: entry.tid, expires: entry.exp, line: `ssh-ed25519 ${key?.blob.toString("base64")}` });
    const data = Buffer.from("what a session is asked to sign");
    const signature = await key!.sign(data, "ssh-ed25519");
    // string "ssh-ed25519" ‖ string of 64 bytes
    expect(signature.subarray(0, 15)).toEqual(Buffer.from("\0\0\0\x0bssh-ed25519", "latin1"));
    const spki = Buffer.concat([Buffer.from("302a300506032b6570032100", "hex"), key!.blob.subarray(-32)]);
    const publicKey = createPublicKey({ key: spki, format: "der", type: "spki" });
    expect(verify(null, data, publicKey, signature.subarray(19))).toBe(true);
    expect(key?.label).toBe(`TM_CI_TOKEN (${entry.tid})`);
  });

  it("logs in until it is revoked or expires; others never do", async () => {
    const { entry } = await make();
    const tokens = (more: Partial<TokenState>) => ({
      tokens: new Map([[entry.tid, { token: entry, revoked: "no", ...more } as TokenState]]),
    });
    expect(ciLogins(tokens({ revoked: "token" }), now)).toEqual([]);
    expect(ciLogins(tokens({}), entry.exp)).toEqual([]);
    const plain = tokens({ token: { ...entry, ci: false } });
    expect([ciLogins(plain, now), hadCiTokens(plain), hadCiTokens(tokens({ revoked: "token" }))]).toEqual([
      [],
      false,
      true,
    ]);
  });

  it("carries the network secret as the hosts have it, and no other one is taken", async () => {
    const { entry } = await make([
      { gen: 2, secret: "6b".repeat(32) },
      { gen: 1, secret },
    ]);
    const ci = { token: entry, keys: tokenKeys(seed, meshId) };
    const file = `{"v":1,"mesh":"${meshId}","generations":[{"gen":1,"secret":"${secret}"},{"gen":2,"secret":"${"6b".repeat(32)}"}]}\n`;
    expect(await openNetworkSecret(ci, meshId, digest(file))).toBe(file);
    await expect(openNetworkSecret(ci, meshId, digest("another"))).rejects.toMatchObject({ code: "TM_CI_TOKEN" });
    const stranger = { token: entry, keys: tokenKeys(new Uint8Array(32).fill(8), meshId) };
    await expect(openNetworkSecret(stranger, meshId, undefined)).rejects.toMatchObject({ code: "TM_CI_TOKEN" });
  });
});
