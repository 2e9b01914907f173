// The home of a mesh: survives a kill at any moment, notices edits, continues elsewhere, and verifies with ssh-keygen.
import { appendFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { execa } from "execa";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createGenesis, grantFor, nextLogEntry } from "../../../../cli/engine/trust/items.ts";
import { openMeshHome } from "../../../../cli/engine/trust/mesh-home.ts";
import type { SignedItem } from "../../../../protocol/trust/item.ts";
import { formatLine } from "../../../../protocol/trust/mesh-file.ts";
import { nodeIdOf } from "../../../../protocol/trust/ssh-public-key.ts";
import { admin, grantItem, keysItem, mallory, now, party } from "../../../protocol/trust/mesh.ts";

const stage = "dev";
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), "tm-home-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const home = () => openMeshHome({ folder, stage, now: () => now });
const meshFile = () => path.join(folder, "mesh", "dev.jsonl");
const outbox = () => path.join(folder, ".tm", "outbox", "dev.jsonl");

/** Genesis, coord.set, a grant each for alpha and beta, and a revocation of beta. */
async function story(): Promise<readonly SignedItem[]> {
  const signers = [admin.signer];
  const genesis = await createGenesis({ name: "demo-dev", admins: [admin.signer.publicKey.line], signers });
  await home().append([genesis]);
  const steps = [
    { type: "coord.set", key: "22".repeat(32), urls: ["ws://198.18.0.1:8443"] },
    "alpha",
    "beta",
    { type: "node.revoke", nid: nodeIdOf(party("beta").signer.publicKey), seq: 1 },
  ] as const;
  for (const step of steps) {
    const { view } = await home().read();
    if (view === undefined) throw new Error("no genesis");
    const item =
      typeof step === "string"
        ? await grantFor(
            view,
            { sshPublicKey: party(step).signer.publicKey.line, name: step, origin: "stack" },
            signers,
          )
        : await nextLogEntry(view, step, now, signers);
    await home().append([item]);
  }
  return (await home().read()).items;
}

describe("mesh home", () => {
  it("is empty before the first append", async () => {
    expect(await home().read()).toMatchObject({ genesis: undefined, items: [], view: undefined });
    expect(await home().archive()).toBeUndefined();
  });

  it("holds what was appended, once, in order", async () => {
    const items = await story();
    await home().append(items);
    const text = await readFile(meshFile(), "utf8");
    expect(text).toBe(items.map((item) => `${formatLine(item)}\n`).join(""));
    const { view } = await home().read();
    expect([...view!.members.values()].map((member) => [member.name, member.ip4])).toEqual([["alpha", "100.64.0.1"]]);
    expect(view!.head.seq).toBe(2);
  });

  it("verifies line by line with ssh-keygen", async () => {
    const items = await story();
    const allowed = path.join(folder, "allowed_signers");
    await writeFile(allowed, `admin namespaces="lock@tunnelmesh" ${admin.signer.publicKey.line}\n`);
    for (const { body, sigs } of items) {
      const signature = path.join(folder, "item.sig");
      await writeFile(signature, sigs[0]!);
      const verify = ["-Y", "verify", "-f", allowed, "-I", "admin", "-n", "lock@tunnelmesh", "-s", signature];
      expect((await execa("ssh-keygen", verify, { input: body })).stdout).toContain('Good "lock@tunnelmesh" signature');
      expect((await execa("ssh-keygen", verify, { input: `${body} `, reject: false })).exitCode).not.toBe(0);
    }
  });

  it("is whole again after a kill at any byte of an append", async () => {
    const items = await story();
    const lines = items.map((item) => `${formatLine(item)}\n`);
    const before = lines.slice(0, -2).join("");
    const pending = lines.slice(-2).join("");
    await mkdir(path.dirname(outbox()), { recursive: true });
    for (const written of [
      0,
      1,
      100,
      lines.at(-2)!.length - 1,
      lines.at(-2)!.length,
      pending.length - 1,
      pending.length,
    ]) {
      await writeFile(outbox(), pending);
      await writeFile(meshFile(), before + pending.slice(0, written));
      expect((await home().read()).items).toEqual(items);
      expect(await readFile(meshFile(), "utf8")).toBe(before + pending.slice(0, written));
      await home().append([]);
      expect(await readFile(meshFile(), "utf8")).toBe(lines.join(""));
    }
  });

  it("leaves a signed entry out when a colleague's took its place", async () => {
    const items = await story();
    const { view } = await home().read();
    const own = await nextLogEntry(view!, { type: "coord.set", key: "33".repeat(32), urls: ["ws://a:1"] }, now, [
      admin.signer,
    ]);
    const theirs = await nextLogEntry(view!, { type: "coord.set", key: "44".repeat(32), urls: ["ws://b:1"] }, now, [
      admin.signer,
    ]);
    await home().append([theirs]);
    await writeFile(outbox(), `${formatLine(own)}\n`);
    expect((await home().append([])).items).toEqual([...items, theirs]);
    await expect(home().append([own])).rejects.toMatchObject({ code: "TM_TRUST_ITEM_REFUSED", detail: "fork" });
    await expect(home().merge([own])).rejects.toMatchObject({ code: "TM_TRUST_FORK" });
  });

  it("adds a missing newline and says where a line is damaged", async () => {
    const items = await story();
    const text = await readFile(meshFile(), "utf8");
    await writeFile(meshFile(), text.slice(0, -1));
    await home().append([]);
    expect(await readFile(meshFile(), "utf8")).toBe(text);
    await appendFile(meshFile(), '{"body":"half');
    await expect(home().read()).rejects.toMatchObject({
      code: "TM_TRUST_MESH_FILE",
      detail: expect.stringContaining(":6:"),
    });
    await writeFile(meshFile(), text.replace("alpha", "gamma"));
    await expect(home().read()).rejects.toMatchObject({
      code: "TM_TRUST_MESH_FILE",
      detail: expect.stringContaining(":3:"),
    });
    expect(items).toHaveLength(5);
  });

  it("takes nothing that an admin has not signed", async () => {
    await story();
    const { view } = await home().read();
    const forged = await grantFor(view!, { sshPublicKey: mallory.signer.publicKey.line, name: "m", origin: "stack" }, [
      mallory.signer,
    ]);
    const text = await readFile(meshFile(), "utf8");
    await expect(home().append([forged])).rejects.toMatchObject({ code: "TM_TRUST_ITEM_REFUSED" });
    expect(await readFile(meshFile(), "utf8")).toBe(text);
  });

  it("takes over from another place what an admin signed, in any order", async () => {
    const items = await story();
    const text = await readFile(meshFile(), "utf8");
    const { view } = await home().read();
    await writeFile(meshFile(), `${text.split("\n")[0]}\n`);
    const junk = [keysItem(view!, party("alpha")), grantItem(view!, mallory, {}, mallory)];
    const merged = await home().merge([...junk, ...items.toReversed()]);
    expect(merged.view!.head).toEqual(view!.head);
    expect([...merged.view!.members.values()]).toEqual([...view!.members.values()].map((one) => ({ ...one })));
    expect((await home().read()).items.every((item) => items.some((one) => one.body === item.body))).toBe(true);
  });

  it("moves to the archive, and the next mesh is another one", async () => {
    const [genesis] = await story();
    const target = await home().archive();
    expect(target).toBe("mesh/archive/dev-20270115T080000Z.jsonl");
    expect(await readFile(path.join(folder, target!), "utf8")).toContain(formatLine(genesis!));
    expect((await home().read()).genesis).toBeUndefined();
  });

  it("keeps all of many appends at once", async () => {
    await story();
    const { view } = await home().read();
    const names = ["c1", "c2", "c3", "c4", "c5", "c6"];
    const grants = await Promise.all(
      names.map((name) =>
        grantFor(view!, { sshPublicKey: party(name).signer.publicKey.line, name, origin: "stack" }, [admin.signer]),
      ),
    );
    await Promise.all(grants.map((grant) => home().append([grant])));
    expect((await home().read()).items).toHaveLength(5 + names.length);
  });
});
