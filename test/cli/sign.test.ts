// tm sign and a deploy with TM_CI_TOKEN, where no host can be reached.
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { createGenesis } from "../../cli/engine/trust/items.ts";
import { openMeshHome } from "../../cli/engine/trust/mesh-home.ts";
import { seedSigner } from "../../protocol/trust/signing.ts";
import { parseOpenSshPrivateKey } from "../../protocol/trust/ssh-private-key.ts";
import { party } from "../protocol/trust/mesh.ts";
import { makeProject, runTm } from "./run-tm.ts";

const pinned = (name: string) => party(name).signer.publicKey.line;
const hosts: Readonly<Record<string, number>> = { alpha: 2, beta: 3 };
const member = (name: string, more = "") =>
  `  mesh.node("${name}", new SshHost("root@127.0.0.${hosts[name]}", { port: 1, hostKey: "${pinned(name)}" })${more});\n`;
const stack = (members: string) => `import { defineStack, Mesh, SshHost } from "tunnelmesh";
export default defineStack("office", () => {
  const mesh = new Mesh({ admins: ["./keys/admin.pub"] });
  mesh.coordinator("hub", new SshHost("root@127.0.0.1", { port: 1 }));
${members}  return { mesh };
});
`;

async function deployedProject(members: string) {
  const project = makeProject({ "stack.ts": stack(members), "package.json": "{}" });
  const key = path.join(project.folder, "keys/admin");
  mkdirSync(path.dirname(key));
  spawnSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", key]);
  const parsed = parseOpenSshPrivateKey(readFileSync(key, "latin1"));
  if (parsed.kind !== "ed25519") throw new Error("not an Ed25519 key");
  const signer = seedSigner(parsed.seed);
  const home = openMeshHome({ folder: project.folder, stage: "main" });
  await home.append([await createGenesis({ name: "office-main", admins: [signer.publicKey.line], signers: [signer] })]);
  const tm = async (command: readonly string[], env: Record<string, string> = {}) => {
    const { code, stdout } = await runTm([...command, "--json"], {
      cwd: project.folder,
      env: { HOME: project.folder, SSH_AUTH_SOCK: "", ...env },
    });
    return { code, said: JSON.parse(stdout) as Record<string, unknown> };
  };
  const write = (text: string) => writeFileSync(path.join(project.folder, "stack.ts"), stack(text));
  return { home, tm, write, [Symbol.dispose]: project[Symbol.dispose] };
}

describe("tm sign", () => {
  it("signs what a deploy needs into the mesh file, once, and says whose key it does not know", async () => {
    using project = await deployedProject(`${member("alpha")}${member("beta")}`);
    const { said } = await project.tm(["sign"]);
    expect(said).toMatchObject({ file: "mesh/main.jsonl", granted: ["alpha", "beta"], revoked: [], unknown: ["hub"] });
    expect(said["asked"]).toBe(false);
    const names = async () => [...((await project.home.read()).view?.members.values() ?? [])].map(({ name }) => name);
    expect((await names()).toSorted()).toEqual(["alpha", "beta"]);
    expect((await project.tm(["sign"])).said).toMatchObject({ granted: [], changed: [], renamed: [], revoked: [] });

    project.write(member("beta", ', { formerly: "beta" }').replace('node("beta"', 'node("gamma"'));
    expect((await project.tm(["sign"])).said).toMatchObject({
      granted: [],
      renamed: [{ from: "beta", to: "gamma" }],
      revoked: ["alpha"],
    });
    expect(await names()).toEqual(["gamma"]);
  });
});

describe("TM_CI_TOKEN", () => {
  it("that is none of this mesh ends a deploy with 3 before any host is asked", async () => {
    using project = await deployedProject("");
    const { code, said } = await project.tm(["deploy", "--yes"], { TM_CI_TOKEN: "tmj1_nonsense" });
    expect([code, said]).toMatchObject([1, { error: { code: "TM_JOIN_TOKEN" } }]);
  });
});
