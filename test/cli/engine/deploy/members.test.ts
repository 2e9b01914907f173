// Members outside the stack: who sees one that SSH does not find, when the mesh itself leads there, and what is remembered.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { HostStatus, LoadedStack } from "../../../../cli/engine/deploy/contract.ts";
import { type KnownFile, readKnownFile, writeKnownFile } from "../../../../cli/engine/deploy/known-file.ts";
import { isInMesh } from "../../../../cli/engine/deploy/members.ts";
import { seenMember } from "../../../../cli/engine/deploy/status.ts";
import type { NodeId } from "../../../../protocol/brand.ts";
import type { PeerStatus } from "../../../../protocol/control/agent.ts";
import type { Member } from "../../../../protocol/trust/member.ts";

const nid = "c".repeat(64);
const phone = { name: "phone", nid: nid as NodeId, ip4: "100.64.0.9", ip6: "fd00::9" } as Member;
const host = (name: string, online?: boolean): HostStatus => ({
  name,
  role: "node",
  peers: online === undefined ? [] : [{ nid, online } as PeerStatus],
});

describe("seenMember", () => {
  it("is online where anybody has it online", () => {
    const seen = (...hosts: HostStatus[]) => seenMember(phone, hosts).seen;
    const addresses = { ip4: "100.64.0.9", ip6: "fd00::9" };
    expect(seen(host("alpha", false), host("beta", true), host("gamma"))).toEqual({
      ...addresses,
      online: true,
      by: ["beta"],
    });
    expect(seen(host("alpha", false), host("gamma"))).toEqual({ ...addresses, online: false, by: [] });
  });
});

describe("isInMesh", () => {
  it("is where an interface has an address of the range", () => {
    const at = (family: string, address: string) =>
      isInMesh({ range: "100.64.0.0/10" }, { if0: [{ family, address }] });
    expect([at("IPv4", "100.64.0.5"), at("IPv4", "10.0.0.5"), at("IPv6", "fd00::5")]).toEqual([true, false, false]);
    expect(isInMesh({ range: "100.64.0.0/10" }, { if0: undefined })).toBe(false);
  });
});

describe("what was known last", () => {
  let loaded: LoadedStack;
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), `tm-known-${process.pid}-`));
    loaded = { projectFolder: folder, stage: "dev" } as LoadedStack;
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const known: KnownFile = {
    hosts: { nas: { nid: "a", kind: "ssh", target: "me@nas", hostKey: "ssh-ed25519 AAAA" } },
    items: [{ item: { body: "{}", sigs: ["x"] }, seen: 7 }],
  };

  it("comes back for its own mesh alone", async () => {
    await writeKnownFile(loaded, "one", known);
    expect(await readKnownFile(loaded, "one")).toMatchObject(known);
    expect(await readKnownFile(loaded, "other")).toEqual({ hosts: {}, items: [] });
  });

  it("is nothing where the file is torn", async () => {
    expect(await readKnownFile(loaded, "one")).toEqual({ hosts: {}, items: [] });
    await writeKnownFile(loaded, "one", known);
    const file = path.join(folder, ".tm/known/dev.json");
    writeFileSync(file, readFileSync(file, "utf8").slice(0, 40));
    expect(await readKnownFile(loaded, "one")).toEqual({ hosts: {}, items: [] });
  });
});
