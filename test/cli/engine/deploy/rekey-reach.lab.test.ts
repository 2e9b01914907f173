// Reaching a rebuilt host: which new keys are taken, on whose word, and that a refusal changes nothing.
import { readFileSync } from "node:fs";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { ReachOptions } from "../../../../cli/engine/deploy/reach.ts";
import type { RebuiltHost } from "../../../../cli/engine/deploy/rekey-contract.ts";
import { reachRebuilt } from "../../../../cli/engine/deploy/rekey-reach.ts";
import { connectHost } from "../../../../cli/engine/ssh/connect.ts";
import { hostKeyFingerprint } from "../../../../cli/engine/ssh/host-key.ts";
import type { MemberModel } from "../../../../constructs/model.ts";
import type { Member } from "../../../../protocol/trust/member.ts";
import { createSshLab, type SshLab, type SshServer } from "../ssh/sshd.ts";

let lab: SshLab;
let server: SshServer;
const old = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBEoaZFvgKyZg75GHxXua5ltzphNtNzfgm/uNjt39e99";
const silent = { update() {}, done() {}, skip() {}, fail() {} };
beforeEach(async () => {
  vi.stubEnv("SSH_AUTH_SOCK", "");
  lab = createSshLab();
  server = await lab.startServer();
});
afterEach(() => {
  vi.unstubAllEnvs();
  lab.close();
});

const knownHosts = (line: string) => lab.write(".ssh/known_hosts", `[127.0.0.1]:${server.port} ${line}\n`);
const options = (): ReachOptions => ({
  local: () => Promise.reject(new Error("no local hosts here")),
  droplets: async () => new Map(),
  connect: (target, more) => connectHost(target, { home: lab.home, ...more }),
  connectOptions: {},
  parallel: 1,
  progress: { phase() {}, row: () => silent, log() {} },
  signal: new AbortController().signal,
  make: false,
});
const reach = async (given: string | undefined, answer: boolean, pinned?: string) => {
  const asked: RebuiltHost[] = [];
  const host = { kind: "ssh", target: `${lab.user}@127.0.0.1`, port: server.port } as const;
  const described: MemberModel = {
    name: "nas",
    role: "node",
    host: pinned === undefined ? host : { ...host, hostKey: pinned },
    groups: [],
    dnsNames: [],
    routes: [],
  };
  const reached = await reachRebuilt(options(), { name: "nas", sshPublicKey: old } as Member, described, {
    ...(given === undefined ? {} : { hostKey: given }),
    async confirmRebuilt(shown) {
      asked.push(shown);
      return answer;
    },
  }).then(
    (host) => {
      host.connection.close();
      return host.sshPublicKey;
    },
    (error: { code: string }) => error.code,
  );
  return { reached, asked };
};

describe("a rebuilt host", () => {
  it("is asked about with both fingerprints, whatever known_hosts says", async () => {
    const [shown] = server.hostKeys;
    const question = {
      name: "nas",
      address: "127.0.0.1",
      before: hostKeyFingerprint(old),
      now: hostKeyFingerprint(shown),
    };
    for (const known of [old, undefined]) {
      if (known === undefined) lab.write(".ssh/known_hosts", "");
      else knownHosts(known);
      expect(await reach(undefined, true)).toEqual({ reached: shown, asked: [{ ...question, trusted: false }] });
    }
    knownHosts(shown);
    expect(await reach(undefined, true)).toEqual({ reached: shown, asked: [{ ...question, trusted: true }] });
    expect(await reach(undefined, true, shown)).toEqual({ reached: shown, asked: [{ ...question, trusted: true }] });
  });

  it("is refused after a no, and known_hosts stays", async () => {
    knownHosts(old);
    expect((await reach(undefined, false)).reached).toBe("TM_DEPLOY_REKEY_REFUSED");
    expect(readFileSync(path.join(lab.home, ".ssh/known_hosts"), "utf8")).toContain(old);
    knownHosts(server.hostKeys[0]);
    expect((await reach(undefined, false)).reached).toBe("TM_DEPLOY_REKEY_REFUSED");
    expect((await reach(undefined, true, old)).reached).toBe("TM_SSH_HOST_KEY_CHANGED");
  });

  it("must show the key that was given", async () => {
    knownHosts(old);
    expect((await reach(old, true)).reached).toBe("TM_DEPLOY_REKEY_REFUSED");
    const [shown] = server.hostKeys;
    const { reached, asked } = await reach(`${shown} comment`, true);
    expect([reached, asked.map(({ trusted }) => trusted)]).toEqual([shown, [true]]);
  });
});
