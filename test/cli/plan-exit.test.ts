// What tm plan ends with: --detailed-exitcode, each word of --fail-on that needs no cloud, and a mesh that CI sees before it is there.
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import type { PlanResult } from "../../cli/engine/deploy/contract.ts";
import { keepPolicy, writePolicyFile } from "../../cli/engine/deploy/deployed-policy.ts";
import { planSchema } from "../../cli/engine/review/plan.ts";
import { createGenesis } from "../../cli/engine/trust/items.ts";
import { openMeshHome } from "../../cli/engine/trust/mesh-home.ts";
import { admin, grantItem, party } from "../protocol/trust/mesh.ts";
import { makeProject, runTm } from "./run-tm.ts";

// Port 1 of the loopback refuses: what is known of hosts is what the mesh file says.
const hub = `  const hub = mesh.coordinator("hub", new SshHost("root@127.0.0.1", { port: 1 }));\n`;
const nas = `  const nas = mesh.node("nas", new SshHost("root@127.0.0.2", { port: 1 }));\n`;
const stackOf = (members: string) => `import { defineStack, Mesh, SshHost, tcp } from "tunnelmesh";
export default defineStack("office", () => {
  const mesh = new Mesh({ admins: ["${admin.signer.publicKey.line}"] });
${members}  return { mesh };
});
`;

interface Ended {
  readonly error?: { readonly code: string };
  /** What --fail-on forbids and the plan does. */
  readonly breaches?: readonly string[];
}

/** A project whose mesh has the members hub and nas, deployed with no rules. */
async function deployedProject(members: string) {
  const project = makeProject({ "stack.ts": stackOf(members), "package.json": "{}" });
  const home = openMeshHome({ folder: project.folder, stage: "main" });
  const admins = [admin.signer.publicKey.line];
  const { view } = await home.append([await createGenesis({ name: "office-main", admins, signers: [admin.signer] })]);
  if (view === undefined) throw new Error("there is no mesh");
  await home.append(
    ["hub", "nas"].map((name, index) => grantItem(view, party(name), { ip4: `100.64.0.${index + 1}` as never })),
  );
  const policy = keepPolicy([], Date.UTC(2026, 10, 20), undefined);
  await writePolicyFile({ projectFolder: project.folder, stage: "main" } as never, view.meshId, policy);
  const plan = async (...flags: readonly string[]) => {
    const { code, stdout } = await runTm(["plan", "--json", ...flags], {
      cwd: project.folder,
      env: { SSH_AUTH_SOCK: "" },
    });
    return { code, said: JSON.parse(stdout) as PlanResult & Ended };
  };
  return { ...project, plan, [Symbol.dispose]: project[Symbol.dispose] };
}

describe("tm plan", () => {
  it("ends with 0 where nothing changes, whatever is forbidden", async () => {
    using project = await deployedProject(hub + nas);
    const forbidden = ["destroy", "replace", "refused", "widening", "any"].flatMap((word) => ["--fail-on", word]);
    const { code, said } = await project.plan("--detailed-exitcode", ...forbidden);
    expect([code, said.review.risk, said.review.accessChanges.basis]).toEqual([0, "none", "deployed"]);
  });

  it("ends with 2 where something changes, and with 3 where that is forbidden", async () => {
    using project = await deployedProject(hub);
    const [changed, refused] = await Promise.all([
      project.plan("--detailed-exitcode", "--fail-on", "replace", "--fail-on", "refused", "--fail-on", "widening"),
      project.plan("--detailed-exitcode", "--fail-on", "destroy", "--fail-on", "any"),
    ]);
    expect([changed.code, changed.said.members.removed, changed.said.review.risk]).toEqual([2, ["nas"], "destructive"]);
    expect(changed.said.breaches).toBeUndefined();
    expect(refused).toMatchObject({
      ...{ code: 3, said: { breaches: ["1 destroyed, replaced or signed out", "there are changes"] } },
    });
  });

  it("knows rules from the file beside the mesh file, and says where there is none", async () => {
    using project = await deployedProject(`${hub}${nas}  mesh.allow(hub, nas, tcp(22));\n`);
    const { code, said } = await project.plan("--fail-on", "widening");
    expect([code, said.review.risk, said.review.accessChanges]).toMatchObject([
      ...[3, "widening"],
      { since: "2026-11-20T00:00:00.000Z", gained: [{ words: "hub may newly reach nas: tcp 22" }] },
    ]);
    rmSync(path.join(project.folder, "mesh/main.policy.json"));
    const other = await project.plan("--detailed-exitcode", "--fail-on", "widening");
    expect([other.code, other.said.review.unknown.map(({ id }) => id)]).toEqual([2, ["policy-before"]]);
    expect(other.said.review.digest).toBe(said.review.digest);
  });

  it("ends with its error's code where there is no plan", async () => {
    using project = await deployedProject(hub);
    writeFileSync(path.join(project.folder, "stack.ts"), "export default 1;\n");
    const { code, said } = await project.plan("--detailed-exitcode");
    expect([code, said.error?.code]).toEqual([1, "TM_STACK_NO_DEFAULT"]);
  });
});

describe("tm plan --ci before the first deploy", () => {
  it("makes a document in which all is new, and says what nobody knows", async () => {
    using project = makeProject({
      "stack.ts": stackOf(`${hub}${nas}  mesh.allow(hub, nas, tcp(22));\n`),
      "package.json": "{}",
    });
    const flags = ["--ci", "--no-input", "--format", "json", "--out", "plan.json", "--detailed-exitcode"];
    const { code, stdout } = await runTm(["plan", ...flags], { cwd: project.folder });
    expect([code, stdout]).toEqual([
      2,
      expect.stringContaining("Not known:\n  whether one of the hosts belongs to a mesh"),
    ]);
    const plan = planSchema.parse(JSON.parse(readFileSync(path.join(project.folder, "plan.json"), "utf8")));
    expect(plan).toMatchObject({ risk: "low", members: { added: ["hub", "nas"] }, accessChanges: { basis: "new" } });
    expect([plan.meshId, plan.unknown.map(({ id }) => id)]).toEqual([undefined, ["mesh-there"]]);
    expect(plan.hosts.map(({ basis, error }) => [basis, error])).toEqual([
      ["assumed", undefined],
      ["assumed", undefined],
    ]);
  });
});
