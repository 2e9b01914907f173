// The node's own keys item: signed once per change, with a seq that only grows.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { loadIdentity } from "../../../agent/identity/identity.ts";
import { ownKeysItem } from "../../../agent/identity/own-keys.ts";
import { decodeItem } from "../../../protocol/trust/body.ts";
import type { SignedItem } from "../../../protocol/trust/item.ts";
import { nodeIdOf, parseSshPublicKey } from "../../../protocol/trust/ssh-public-key.ts";
import { verifySshsig } from "../../../protocol/trust/sshsig.ts";
import { mapToX25519 } from "../../../protocol/trust/tunnel-keys.ts";
import { now, openedView } from "../../protocol/trust/mesh.ts";

let folder: string;
const { meshId } = openedView();

beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), "tm-keys-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function hostKey(...type: string[]): { file: string; nid: string; boundFile: string } {
  const file = path.join(folder, "key");
  execFileSync("ssh-keygen", ["-q", "-N", "", "-f", file, "-t", ...type]);
  const nid = nodeIdOf(parseSshPublicKey(readFileSync(`${file}.pub`, "utf8")));
  return { file, nid, boundFile: path.join(folder, "identity.json") };
}

function keysOf(item: SignedItem) {
  const decoded = decodeItem(item.body);
  if (!decoded.ok || decoded.item.kind !== "keys") throw new Error("no keys");
  return decoded.item.value;
}

describe.each([[["ed25519"]], [["ecdsa", "-b", "256"]], [["rsa", "-b", "2048"]], [["rsa", "-b", "2048", "-m", "PEM"]]])(
  "keys of a host key made with -t %j",
  (type) => {
    it("are signed by it, the same over restarts, and ahead of what the mesh has seen", async () => {
      const options = hostKey(...type);
      const sign = async (change: { seenSeq?: number; generation?: number; signedSince?: number } = {}) => {
        const identity = await loadIdentity(options);
        const file = path.join(folder, "keys.json");
        return await ownKeysItem({ identity, meshId, generation: 1, seenSeq: 0, file, nowUnixSeconds: now, ...change });
      };
      const first = await sign();
      const signature = verifySshsig(first.sigs[0]!, "node@tunnelmesh", first.body);
      expect(signature.ok && nodeIdOf(signature.signer)).toBe(options.nid);
      expect(keysOf(first)).toMatchObject({ seq: 1, gen: 1, nid: options.nid, mesh: meshId });
      expect(await sign({ seenSeq: 1 })).toEqual(first);
      expect(await sign({ signedSince: now })).toEqual(first);
      expect(keysOf(await sign({ generation: 2 })).seq).toBe(2);
      expect(keysOf(await sign({ generation: 2, seenSeq: 7 })).seq).toBe(8);
      writeFileSync(path.join(folder, "keys.json"), "damaged");
      expect(keysOf(await sign({ seenSeq: 8 })).seq).toBe(9);
    });
  },
);

describe("identity", () => {
  it("of a plain Ed25519 key is the map of that key, with nothing kept on disk", async () => {
    const options = hostKey("ed25519");
    const identity = await loadIdentity(options);
    expect(identity.mode).toBe("derive");
    expect(mapToX25519(identity.publicKey)).toEqual({ ok: true, x25519: identity.x25519.publicKey });
    expect(() => readFileSync(options.boundFile)).toThrow("ENOENT");
  });

  it("of another key than the installed one is refused", async () => {
    const options = hostKey("ed25519");
    const wrong = loadIdentity({ ...options, nid: "00".repeat(32) });
    await expect(wrong).rejects.toMatchObject({ code: "TM_AGENT_IDENTITY_CHANGED" });
  });

  it("that is missing or damaged is refused without a byte of it in the message", async () => {
    const options = hostKey("ed25519");
    const pem = readFileSync(options.file, "utf8");
    writeFileSync(options.file, pem.replace("b3Blbn", "AAAAAA"));
    await expect(loadIdentity(options)).rejects.toMatchObject({ code: "TM_AGENT_IDENTITY" });
    rmSync(options.file);
    await expect(loadIdentity(options)).rejects.toMatchObject({ code: "TM_AGENT_IDENTITY" });
  });

  it("does not take bound keys of another node", async () => {
    const options = hostKey("ecdsa", "-b", "256");
    await loadIdentity(options);
    const bound = JSON.parse(readFileSync(options.boundFile, "utf8"));
    writeFileSync(options.boundFile, JSON.stringify({ ...bound, nid: "00".repeat(32) }));
    await expect(loadIdentity(options)).rejects.toMatchObject({ code: "TM_AGENT_IDENTITY" });
  });
});
