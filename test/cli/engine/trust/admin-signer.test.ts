// Which key signs as admin: real keys, a real SSH agent, the real ssh-keygen.
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { execaSync } from "execa";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { chooseAdminSigner, type SignerChoice } from "../../../../cli/engine/trust/admin-signer.ts";
import { fingerprintOf, parseSshPublicKey } from "../../../../protocol/trust/ssh-public-key.ts";
import { verifySshsig } from "../../../../protocol/trust/sshsig.ts";
import { openKeygen } from "../../../protocol/trust/keygen.ts";

const keygen = openKeygen();
const agentSocket = path.join(keygen.folder, "agent.sock");
let agentPid = 0;
beforeAll(() => {
  const { stdout } = execaSync("ssh-agent", ["-s", "-a", agentSocket]);
  agentPid = Number(/SSH_AGENT_PID=(\d+)/.exec(stdout)?.[1]);
});
afterAll(() => {
  if (agentPid > 0) process.kill(agentPid);
  keygen[Symbol.dispose]();
});

let homes = 0;
function makeHome(keys: Readonly<Record<string, string>> = {}): string {
  const home = path.join(keygen.folder, `home-${++homes}`);
  mkdirSync(path.join(home, ".ssh"), { recursive: true });
  for (const [name, file] of Object.entries(keys)) {
    copyFileSync(file, path.join(home, ".ssh", name));
    copyFileSync(`${file}.pub`, path.join(home, ".ssh", `${name}.pub`));
  }
  return home;
}

async function expectSigns(choice: SignerChoice, line: string): Promise<void> {
  const signer = await chooseAdminSigner({ interactive: false, ...choice });
  const key = parseSshPublicKey(line);
  expect(signer.publicKey.line).toBe(key.line);
  const message = '{"a":"ü"}';
  const armored = await signer.sign("lock@tunnelmesh", message);
  expect(verifySshsig(armored, "lock@tunnelmesh", message)).toMatchObject({ ok: true, signer: { line: key.line } });
  expect(keygen.verify(line, "lock@tunnelmesh", message, armored)).toBe(true);
}

const add = (file: string): unknown => execaSync("ssh-add", ["-q", file], { env: { SSH_AUTH_SOCK: agentSocket } });

describe("the admin's key", () => {
  it.each([
    ["ed25519", {}],
    ["rsa", { bits: 2048 }],
    ["ecdsa", { bits: 256 }],
    ["rsa", { bits: 2048, format: "PEM" }],
  ] as const)("%s %o is found in ~/.ssh and signs", async (type, options) => {
    const wanted = keygen.make(type, options);
    const home = makeHome({ id_a: keygen.make("ed25519").file, id_b: wanted.file });
    writeFileSync(path.join(home, ".ssh", "known_hosts"), "example.org ssh-ed25519 AAAA\n");
    mkdirSync(path.join(home, ".ssh", "sockets"));
    await expectSigns({ admins: [keygen.make("ed25519").line, wanted.line], home }, wanted.line);
  });

  it("in the SSH agent comes first, and needs no file", async () => {
    const inAgent = keygen.make("ed25519");
    const inFile = keygen.make("ed25519");
    add(inAgent.file);
    const home = makeHome({ id: inFile.file });
    await expectSigns({ admins: [inFile.line, inAgent.line], home, agentSocket }, inAgent.line);
    await expectSigns({ admins: [inFile.line], home, agentSocket }, inFile.line);
  });

  it("with a passphrase signs through the agent, and fails at once where nobody can be asked", async () => {
    const locked = keygen.make("ed25519", { passphrase: "open sesame" });
    const choice = { admins: [locked.line], home: makeHome({ id: locked.file }), interactive: false };
    const signer = await chooseAdminSigner(choice);
    await expect(signer.sign("lock@tunnelmesh", "x")).rejects.toMatchObject({ code: "TM_TRUST_SIGNING_FAILED" });
    const answer = path.join(keygen.folder, "askpass");
    writeFileSync(answer, "#!/bin/sh\necho open sesame\n", { mode: 0o700 });
    const env = { SSH_AUTH_SOCK: agentSocket, SSH_ASKPASS: answer, SSH_ASKPASS_REQUIRE: "force" };
    execaSync("ssh-add", ["-q", locked.file], { env });
    await expectSigns({ ...choice, agentSocket }, locked.line);
    await expectSigns({ ...choice, adminKey: locked.file, agentSocket }, locked.line);
  });

  it("given with --admin-key wins over all others", async () => {
    const given = keygen.make("ecdsa", { bits: 384 });
    const other = keygen.make("ed25519");
    const admins = [other.line, given.line];
    await expectSigns({ admins, home: makeHome({ id: other.file }), adminKey: given.file }, given.line);
  });

  it("may be the .pub file of a key in the agent", async () => {
    const given = keygen.make("rsa", { bits: 2048 });
    add(given.file);
    const file = path.join(makeHome(), "only.pub");
    copyFileSync(`${given.file}.pub`, file);
    await expectSigns({ admins: [given.line], home: makeHome(), adminKey: file, agentSocket }, given.line);
  });

  it("is found in a further folder", async () => {
    const quickstart = keygen.make("ed25519");
    await expectSigns({ admins: [quickstart.line], home: makeHome(), folders: [keygen.folder] }, quickstart.line);
  });

  it("that is missing is an error which lists what was looked at", async () => {
    const other = keygen.make("ed25519");
    const wanted = keygen.make("ed25519");
    const home = makeHome({ id_other: other.file });
    const choice = { admins: [wanted.line], home, agentSocket: path.join(home, "no.sock") };
    await expect(chooseAdminSigner(choice)).rejects.toMatchObject({
      code: "TM_TRUST_NO_ADMIN_KEY",
      detail: expect.stringMatching(/SSH agent: no keys;.*\.ssh: id_other \(SHA256:.*admins: SHA256:/),
    });
    await expect(chooseAdminSigner({ ...choice, adminKey: other.file })).rejects.toMatchObject({
      code: "TM_TRUST_NOT_ADMIN",
      detail: expect.stringContaining(fingerprintOf(parseSshPublicKey(other.line))),
    });
    await expect(chooseAdminSigner({ ...choice, adminKey: path.join(home, "none") })).rejects.toMatchObject({
      code: "TM_SSH_KEY_FILE",
    });
  });
});
