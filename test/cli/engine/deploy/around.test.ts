// What the commands around a mesh hand to ssh and journalctl, and how they end.
import { describe, expect, it } from "vitest";
import { exitCodeOf } from "../../../../cli/engine/deploy/exec.ts";
import { journalCommand } from "../../../../cli/engine/deploy/logs.ts";
import { sshParameters } from "../../../../cli/engine/deploy/open-shell.ts";

const host = (code: number | undefined) => ({
  name: "beta",
  stdout: "",
  stderr: "",
  ...(code === undefined ? {} : { code }),
});

describe("exitCodeOf", () => {
  it.each([
    [[0], 0],
    [[7], 7],
    [[0, 3, 2], 3],
    [[0, undefined], 5],
    [[undefined, 9], 9],
    [[1, undefined], 5],
  ])("of %j is %i", (codes, code) => {
    expect(exitCodeOf(codes.map(host))).toBe(code);
  });
});

describe("journalCommand", () => {
  it("reads one unit, and follows where that is asked for", () => {
    const command = "exec journalctl --no-pager --quiet --output=short-iso --lines=5 --unit=a@b.service";
    expect(journalCommand("a@b.service", { lines: 5, follow: false })).toBe(command);
    expect(journalCommand("a@b.service", { lines: 5, follow: true })).toBe(command.replace("5", "5 --follow"));
  });
});

describe("sshParameters", () => {
  const shell = { name: "beta", knownHosts: "/tmp/x 1%/known_hosts", identityFiles: ["/p/keys/admin"], command: [] };
  const options = [
    "HostKeyAlias=beta",
    'UserKnownHostsFile="/tmp/x 1%%/known_hosts"',
    "GlobalKnownHostsFile=/dev/null",
    "StrictHostKeyChecking=yes",
    "CheckHostIP=no",
    "VerifyHostKeyDNS=no",
    "UpdateHostKeys=no",
    "IgnoreUnknown=KnownHostsCommand",
    "KnownHostsCommand=none",
    'IdentityFile="/p/keys/admin"',
  ].flatMap((option) => ["-o", option]);

  it("pin the host key and say where and as whom", () => {
    expect(sshParameters({ ...shell, target: { target: "root@198.18.3.2", port: 22 } })).toEqual([
      ...options,
      ...["-p", "22", "-l", "root", "--", "198.18.3.2"],
    ]);
    expect(sshParameters({ ...shell, target: { target: "me@[fd00::7]:2222" } }).slice(options.length)).toEqual([
      ...["-p", "2222", "-l", "me", "--", "fd00::7"],
    ]);
  });

  it("leave an alias to ~/.ssh/config, and give the command as one word", () => {
    const given = sshParameters({ ...shell, target: { target: "backup" }, command: ["-v", "a b"] });
    expect(given.slice(options.length)).toEqual(["--", "backup", "-v 'a b'"]);
  });
});
