// First contact with real sshds: the one that has the proof is believed, an impostor that replays it is refused.
import { createHash } from "node:crypto";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type FirstContact, judgeProof, meetDroplet } from "../../../../cli/engine/cloud/first-contact.ts";
import { connectHost } from "../../../../cli/engine/ssh/connect.ts";
import { hostKeyProofFile } from "../../../../constructs/terraform/bootstrap.ts";
import { createSshLab, type SshLab, type SshServer } from "../ssh/sshd.ts";

const nonce = "4d".repeat(32);
const row = { update() {}, done() {}, skip() {}, fail() {} };
const proofOf = (...keys: readonly string[]) =>
  keys.map((key) => `${key.split(" ")[0]} ${createHash("sha256").update(`${nonce}${key}`).digest("hex")}\n`).join("");

let lab: SshLab;
let real: SshServer;
let impostor: SshServer;

function contact(server: SshServer, more: Partial<FirstContact> = {}): FirstContact {
  return {
    name: "hub",
    target: { target: `${lab.user}@127.0.0.1`, port: server.port },
    ...{ nonce, hostKey: undefined, connect: connectHost, options: { home: lab.home }, row },
    signal: new AbortController().signal,
    patience: { answer: 5_000, proof: 2_500 },
    ...more,
  };
}

beforeAll(async () => {
  if (existsSync(hostKeyProofFile)) throw new Error(`${hostKeyProofFile} is in the way`);
  lab = createSshLab();
  real = await lab.startServer({ hostKeyTypes: ["rsa", "ed25519"] });
  impostor = await lab.startServer();
  // Both sshds run here and show the same file: the impostor replays the real host's proof, byte by byte.
  writeFileSync(hostKeyProofFile, proofOf(...real.hostKeys), { mode: 0o600 });
});
afterAll(() => {
  rmSync(hostKeyProofFile, { force: true });
  lab?.close();
});

describe("the first contact with a droplet", () => {
  it("believes the key of this session when the proof names it, and keeps it out of known_hosts", async () => {
    expect(await meetDroplet(contact(real))).toBe(real.hostKeys[1]);
    expect(existsSync(path.join(lab.home, ".ssh/known_hosts"))).toBe(false);
  });

  it("refuses an impostor that replays the real proof", async () => {
    await expect(meetDroplet(contact(impostor))).rejects.toMatchObject({
      code: "TM_CLOUD_PROOF",
      detail: expect.stringContaining("of another key"),
    });
  });

  it("does not mind what known_hosts has of the address, which may have been another machine's", async () => {
    lab.write(".ssh/known_hosts", `[127.0.0.1]:${real.port} ${impostor.hostKeys[0]}\n`);
    expect(await meetDroplet(contact(real))).toBe(real.hostKeys[1]);
    expect(readFileSync(path.join(lab.home, ".ssh/known_hosts"), "utf8")).not.toContain(real.hostKeys[1]);
    lab.write(".ssh/known_hosts", "");
  });

  it("takes the key that an admin gives, and no other", async () => {
    const given = { hostKey: `${real.hostKeys[1]} root@hub`, nonce: undefined };
    expect(await meetDroplet(contact(real, given))).toBe(real.hostKeys[1]);
    await expect(meetDroplet(contact(impostor, given))).rejects.toMatchObject({ code: "TM_CLOUD_PROOF" });
  });

  it("pins with a notice when the nonce is lost", async () => {
    const notes: string[] = [];
    const told = { nonce: undefined, row: { ...row, update: (text: string) => void notes.push(text) } };
    expect(await meetDroplet(contact(real, told))).toBe(real.hostKeys[1]);
    expect(notes.join()).toMatch(/without a proof/);
  });

  it("gives a password to nobody", async () => {
    let asked = 0;
    const server = await lab.startServer({
      extra: "PasswordAuthentication yes\nKbdInteractiveAuthentication yes\nPubkeyAuthentication no",
    });
    const options = {
      home: lab.home,
      askSecret: async () => {
        asked += 1;
        return "a password";
      },
    };
    await expect(meetDroplet(contact(server, { options, patience: { answer: 10, proof: 10 } }))).rejects.toMatchObject({
      code: "TM_SSH_AUTH",
    });
    expect(asked).toBe(0);
  });

  it("waits for a proof that is still being written, and says when none comes", async () => {
    rmSync(hostKeyProofFile);
    const late = meetDroplet(contact(real));
    setTimeout(() => writeFileSync(hostKeyProofFile, proofOf(...real.hostKeys), { mode: 0o600 }), 700);
    expect(await late).toBe(real.hostKeys[1]);
    rmSync(hostKeyProofFile);
    await expect(meetDroplet(contact(real))).rejects.toMatchObject({ code: "TM_CLOUD_PROOF_MISSING" });
  });
});

describe("a proof", () => {
  const key = "ssh-ed25519 AAAAC3Nza";
  it.each([
    ["of this key", proofOf(key), "proved"],
    ["of another key of the type", proofOf("ssh-ed25519 BBBB"), "other"],
    ["of another type", proofOf("ssh-rsa AAAA"), "absent"],
    ["with more in its line", proofOf(key).replace("\n", " x\n"), "absent"],
    ["that is empty", "", "absent"],
  ])("%s is judged", (_, proof, verdict) => {
    expect(judgeProof(proof, nonce, key)).toBe(verdict);
  });
});
