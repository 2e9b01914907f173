// What this machine lacks is said with the package that brings it.
import { chmodSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { checkMachine } from "../../../../cli/engine/doctor/checks.ts";
import { checkHostNames, readAuthorizedKeys } from "../../../../cli/engine/doctor/local-names.ts";
import { adminKey, makeProject } from "../../run-tm.ts";

const machine = { platform: "linux", nodeVersion: "v24.21.0", user: 0, path: "/nowhere" };
const state = (checks: ReturnType<typeof checkMachine>, name: string) =>
  checks.find((check) => check.name === name)?.state;

describe("doctor", () => {
  it("finds programs in PATH that can be run", () => {
    using project = makeProject({ "bin/ssh-keygen": "", "bin/systemd-nspawn": "" });
    const bin = path.join(project.folder, "bin");
    chmodSync(path.join(bin, "ssh-keygen"), 0o755);
    const checks = checkMachine({ ...machine, path: bin });
    expect(checks.find((check) => check.name === "ssh-keygen")).toEqual({
      name: "ssh-keygen",
      state: "ok",
      detail: path.join(bin, "ssh-keygen"),
    });
  });

  it("names the package of a missing program", () => {
    expect(checkMachine(machine).find((check) => check.name === "ssh-keygen")).toMatchObject({
      state: "missing",
      advice: "apt-get install -y openssh-client",
    });
  });

  it("knows which Node is too old", () => {
    const node = (nodeVersion: string) => state(checkMachine({ ...machine, nodeVersion }), "node");
    expect(["v20.1.0", "v22.17.9", "v22.18.0", "v24.0.0"].map(node)).toEqual(["old", "old", "ok", "ok"]);
  });

  it("asks for local hosts only where there can be some", () => {
    expect(state(checkMachine({ ...machine, platform: "darwin", user: 501 }), "root")).toBeUndefined();
    expect(state(checkMachine({ ...machine, user: 1000 }), "root")).toBe("missing");
  });
});

describe("tm local up", () => {
  it("takes host names only, each once", () => {
    expect(checkHostNames(["one", "two-2"])).toEqual(["one", "two-2"]);
    for (const names of [["One"], ["a", "a"], ["../x"], ["-a"]])
      expect(() => checkHostNames(names)).toThrow(/TM_USAGE|not understood/);
  });

  it("reads the key that may log in, and refuses a private one", () => {
    using project = makeProject({ "me.pub": `${adminKey}\n`, me: "-----BEGIN OPENSSH PRIVATE KEY-----\n" });
    expect(readAuthorizedKeys("me.pub", project.folder)).toEqual([adminKey.replace(/ alice$/, "")]);
    expect(() => readAuthorizedKeys("me", project.folder)).toThrow();
    expect(() => readAuthorizedKeys("nobody.pub", project.folder)).toThrow(/cannot be read/);
  });
});
