// A host that was rebuilt: its new key is taken only where somebody confirms just that, and known_hosts then has it.
import { readFileSync } from "node:fs";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { connectHost } from "../../../../cli/engine/ssh/connect.ts";
import type { ConnectOptions } from "../../../../cli/engine/ssh/connection.ts";
import { hostKeyFingerprint } from "../../../../cli/engine/ssh/host-key.ts";
import { createSshLab, type SshLab, type SshServer } from "./sshd.ts";

let lab: SshLab;
let server: SshServer;
const old = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBEoaZFvgKyZg75GHxXua5ltzphNtNzfgm/uNjt39e99";
beforeEach(async () => {
  vi.stubEnv("SSH_AUTH_SOCK", "");
  lab = createSshLab();
  server = await lab.startServer();
});
afterEach(() => {
  vi.unstubAllEnvs();
  lab.close();
});

const knownHosts = () => readFileSync(path.join(lab.home, ".ssh/known_hosts"), "utf8");
const connect = async (options: ConnectOptions, hostKey?: string) => {
  const target = { target: `${lab.user}@127.0.0.1`, port: server.port };
  const connection = await connectHost(
    { ...target, ...(hostKey === undefined ? {} : { hostKey }) },
    { home: lab.home, ...options },
  );
  connection.close();
  return connection.hostKey;
};

describe("a changed host key", () => {
  it("is asked about with both keys, and replaces the old one after a yes", async () => {
    lab.write(".ssh/known_hosts", `[127.0.0.1]:${server.port} ${old}\nother.example ${old}\n`);
    const confirmChangedHostKey = vi.fn(async () => true);
    expect(await connect({ confirmChangedHostKey })).toBe(server.hostKeys[0]);
    expect(confirmChangedHostKey).toHaveBeenCalledWith({
      target: `${lab.user}@127.0.0.1`,
      address: "127.0.0.1",
      hostKey: server.hostKeys[0],
      fingerprint: hostKeyFingerprint(server.hostKeys[0]),
      expected: old,
    });
    expect(knownHosts()).toBe(`other.example ${old}\n[127.0.0.1]:${server.port} ${server.hostKeys[0]}\n`);
    expect(await connect({})).toBe(server.hostKeys[0]);
  });

  it("is refused after a no, and where it is revoked", async () => {
    const line = `[127.0.0.1]:${server.port} ${old}\n`;
    lab.write(".ssh/known_hosts", line);
    const changed = { code: "TM_SSH_HOST_KEY_CHANGED" };
    await expect(connect({ confirmChangedHostKey: async () => false })).rejects.toMatchObject(changed);
    await expect(connect({ confirmHostKey: async () => true })).rejects.toMatchObject(changed);
    expect(knownHosts()).toBe(line);
    lab.write(".ssh/known_hosts", `${line}@revoked * ${server.hostKeys[0]}\n`);
    await expect(connect({ confirmChangedHostKey: async () => true })).rejects.toMatchObject(changed);
  });

  it("in place of a pinned one leaves known_hosts alone", async () => {
    lab.write(".ssh/known_hosts", "");
    expect(await connect({ confirmChangedHostKey: async () => true }, old)).toBe(server.hostKeys[0]);
    expect(knownHosts()).toBe("");
  });
});
