// The sealed secret of a client: who opens it, and for whom; the pre-shared key that follows from it.
import { describe, expect, it } from "vitest";
import { clientPsk, openClientSecret, sealClientSecret } from "../../../protocol/trust/client-secret.ts";
import { deriveTunnelKeys } from "../../../protocol/trust/tunnel-keys.ts";

const meshId = "11".repeat(32) as never;
const client = "22".repeat(32) as never;
const secret = new Uint8Array(32).fill(9);
const { ctl: gateway, x25519: one } = deriveTunnelKeys(new Uint8Array(32).fill(1));
const { ctl: other, x25519: two } = deriveTunnelKeys(new Uint8Array(32).fill(2));

describe("a client's sealed secret", () => {
  it("opens with the gateway's control key, for its client and mesh, and not otherwise", async () => {
    const sealed = await sealClientSecret(gateway.publicKey, meshId, client, secret);
    expect(sealed).toMatch(/^[0-9a-f]{160}$/);
    expect(sealed).not.toContain(Buffer.from(secret).toString("hex"));
    expect(await openClientSecret(gateway.privateKey, meshId, client, sealed)).toEqual(secret);
    expect(await openClientSecret(other.privateKey, meshId, client, sealed)).toBeUndefined();
    expect(await openClientSecret(gateway.privateKey, "12".repeat(32) as never, client, sealed)).toBeUndefined();
    expect(await openClientSecret(gateway.privateKey, meshId, "23".repeat(32) as never, sealed)).toBeUndefined();
    const damaged = `${sealed.slice(0, 100)}${sealed[100] === "0" ? "1" : "0"}${sealed.slice(101)}`;
    expect(await openClientSecret(gateway.privateKey, meshId, client, damaged)).toBeUndefined();
    expect(await sealClientSecret(gateway.publicKey, meshId, client, secret)).not.toBe(sealed);
  });
});

describe("the pre-shared key of a client", () => {
  it("has frozen bytes, and is another at each gateway and in each mesh", () => {
    const psk = (mesh: never, at: typeof one, whose = two) =>
      Buffer.from(clientPsk(secret, mesh, whose.publicKey, at.publicKey)).toString("hex");
    expect(psk(meshId, one)).toBe("6450dd2151d522f96822781e90aac64d5205f89274dc6bbbc64cc88f2d2c6cee");
    expect(psk(meshId, two)).not.toBe(psk(meshId, one));
    expect(psk(client, one)).not.toBe(psk(meshId, one));
    expect(psk(meshId, one, one)).not.toBe(psk(meshId, one));
  });
});
