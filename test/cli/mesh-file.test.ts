// Commands over a mesh file whose hosts refuse: another stack's file, a damaged one, no key to sign with, and where progress goes.
import { existsSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { createGenesis } from "../../cli/engine/trust/items.ts";
import { openMeshHome } from "../../cli/engine/trust/mesh-home.ts";
import { admin } from "../protocol/trust/mesh.ts";
import { makeProject, runTm } from "./run-tm.ts";

// Port 1 of the loopback refuses, so a command that connects says so.
const stack = (name: string) => `import { defineStack, Mesh, SshHost } from "tunnelmesh";
export default defineStack("${name}", () => {
  const mesh = new Mesh({ admins: ["${admin.signer.publicKey.line}"] });
  mesh.coordinator("hub", new SshHost("root@127.0.0.1", { port: 1 }));
  return { mesh };
});
`;

async function projectOf(name: string) {
  const project = makeProject({ "stack.ts": stack(name), "package.json": "{}" });
  const home = openMeshHome({ folder: project.folder, stage: "main" });
  const genesis = { name: "ours-main", admins: [admin.signer.publicKey.line], signers: [admin.signer] };
  await home.append([await createGenesis(genesis)]);
  return { ...project, file: home.file, [Symbol.dispose]: project[Symbol.dispose] };
}

const commands = [
  ["status"],
  ["deploy", "--yes"],
  ["destroy", "--yes"],
  ["unlock", "--yes"],
  ["remove-node", "hub", "--yes"],
];

describe("a mesh file of another stack", () => {
  it.each(commands)("is refused by tm %s and stays where it is", async (...command) => {
    using project = await projectOf("theirs");
    const { code, stdout } = await runTm([...command, "--json"], { cwd: project.folder });
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: "TM_DEPLOY_OTHER_STACK" } });
    expect(code).toBe(64);
    expect(existsSync(project.file)).toBe(true);
  });
});

describe("a damaged mesh file", () => {
  it.each([["plan"], ["deploy", "--yes"], ["destroy", "--yes"]])(
    "stops tm %s before any host is asked",
    async (...command) => {
      using project = await projectOf("ours");
      writeFileSync(project.file, "<<<<<<< HEAD\n", { flag: "a" });
      const { code, stdout, stderr } = await runTm([...command, "--json"], { cwd: project.folder });
      expect(JSON.parse(stdout)).toMatchObject({ error: { code: "TM_TRUST_MESH_FILE" } });
      expect(code).toBe(3);
      expect(stderr).not.toContain("connecting");
    },
  );
});

describe("a first deploy without a key of an admin", () => {
  it("ends before any host is made or asked", async () => {
    using project = makeProject({ "stack.ts": stack("ours"), "package.json": "{}" });
    const { stdout, stderr } = await runTm(["deploy", "--yes", "--json"], {
      cwd: project.folder,
      env: { HOME: project.folder, SSH_AUTH_SOCK: "" },
    });
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: "TM_TRUST_NO_ADMIN_KEY" } });
    expect(stderr).not.toContain("connecting");
  });
});

describe("without a terminal", () => {
  it("progress goes to stderr, so that stdout is the result alone", async () => {
    using project = await projectOf("ours");
    const { stdout, stderr } = await runTm(["status"], { cwd: project.folder });
    expect(stdout).toMatch(/^Mesh ours-main, stage main/);
    expect(stderr).toContain("hub: connecting");
  });
});

describe("tm unlock before there is a mesh", () => {
  it("ends the local lock of a first deploy that died elsewhere", async () => {
    const holder = { pid: 7, machine: "elsewhere", started: "", token: "t", name: "alice@elsewhere" };
    using project = makeProject({
      "stack.ts": stack("ours"),
      "package.json": "{}",
      ".tm/lock/main.json": JSON.stringify(holder),
    });
    const unlock = async () => JSON.parse((await runTm(["unlock", "--yes", "--json"], { cwd: project.folder })).stdout);
    expect(await unlock()).toEqual({
      mesh: "ours-main",
      unlocked: "machine",
      holder: { name: "alice@elsewhere", machine: "elsewhere", pid: 7 },
    });
    expect(await unlock()).toEqual({ mesh: "ours-main" });
  });
});
