// What an admin's machine signs on a coordinator's word: no address that another member has.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Journal, openJournal } from "../../../../cli/engine/deploy/journal.ts";
import { createGenesis } from "../../../../cli/engine/trust/items.ts";
import { openMeshHome } from "../../../../cli/engine/trust/mesh-home.ts";
import { nodeIdOf } from "../../../../protocol/trust/ssh-public-key.ts";
import { admin, type Party, party } from "../../../protocol/trust/mesh.ts";

let folder: string;
let journal: Journal;
beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), `tm-journal-${process.pid}-`));
  const home = openMeshHome({ folder, stage: "dev" });
  const admins = [admin.signer.publicKey.line];
  await home.append([await createGenesis({ name: "demo-dev", admins, signers: [admin.signer] })]);
  journal = await openJournal(home, async () => admin.signer);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const choice = ({ name, signer }: Party, ip4: string) => ({
  sshPublicKey: signer.publicKey.line,
  name,
  origin: "stack" as const,
  ip4: ip4 as never,
});
const [alpha, beta] = [party("alpha"), party("beta")];

describe("a replaced key", () => {
  it("takes name and address over in one step, after the old one is out", async () => {
    await journal.grant([choice(alpha, "100.64.0.1"), choice(beta, "100.64.0.2")]);
    const before = [...journal.view.members.values()].find(({ name }) => name === "alpha");
    if (before === undefined) throw new Error("alpha is no member");
    const rebuilt = party("rebuilt");
    await expect(journal.replace(before, choice(rebuilt, "100.64.0.2"))).rejects.toMatchObject({
      code: "TM_COORDINATION_RESERVATION",
    });
    await journal.replace(before, { ...choice(rebuilt, "100.64.0.1"), name: "alpha" });
    const members = [...journal.view.members.values()].map(({ name, ip4, nid }) => [name, ip4, nid]);
    expect(members.toSorted()).toEqual([
      ["alpha", "100.64.0.1", nodeIdOf(rebuilt.signer.publicKey)],
      ["beta", "100.64.0.2", nodeIdOf(beta.signer.publicKey)],
    ]);
    expect(journal.view.revoked.get(nodeIdOf(alpha.signer.publicKey))).toBe(1);
  });
});

describe("a grant", () => {
  it("is not signed for the address of another member, whoever reserved it", async () => {
    await journal.grant([choice(alpha, "100.64.0.1")]);
    await expect(journal.grant([choice(beta, "100.64.0.1")])).rejects.toMatchObject({
      code: "TM_COORDINATION_RESERVATION",
    });
    const both = [choice(beta, "100.64.0.2"), choice(party("gamma"), "100.64.0.2")];
    await expect(journal.grant(both)).rejects.toMatchObject({ code: "TM_COORDINATION_RESERVATION" });
    expect([...journal.view.members.values()].map(({ name }) => name)).toEqual(["alpha"]);
  });

  it("renews the one that a member has", async () => {
    await journal.grant([choice(alpha, "100.64.0.1")]);
    await journal.grant([{ ...choice(alpha, "100.64.0.1"), name: "alef" }, choice(beta, "100.64.0.2")]);
    expect([...journal.view.members.values()].map(({ name }) => name).toSorted()).toEqual(["alef", "beta"]);
  });
});
