// Whose key counts for a droplet: the one it has proved, until its grant says it; never the old one where a new droplet has to prove its own.
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import {
  forgetDroplets,
  mergeDroplets,
  readDroplets,
  readNonces,
  writeDroplets,
  writeNonces,
} from "../../../../cli/engine/cloud/droplet-file.ts";
import { placesOf } from "../../../../cli/engine/cloud/places.ts";
import type { LoadedStack } from "../../../../cli/engine/deploy/contract.ts";
import type { MeshView } from "../../../../protocol/trust/member.ts";

const folder = mkdtempSync(path.join(tmpdir(), "tm-places-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const loaded = { projectFolder: folder, stage: "main" } as LoadedStack;
const at = (id: string) => ({ id, public_ip: `198.51.100.${id}`, private_ip: "10.0.0.1", ipv6: "" });
const viewOf = (keys: Readonly<Record<string, string>>) =>
  ({
    members: new Map(Object.entries(keys).map(([name, sshPublicKey]) => [name, { name, sshPublicKey }])),
  }) as unknown as MeshView;

describe("the key of a droplet", () => {
  const nobody = new Set<string>();
  it("is the grant's, on any laptop", () => {
    const places = placesOf({ hub: at("1") }, viewOf({ hub: "granted" }), nobody);
    expect(places.get("hub")).toEqual({ address: "198.51.100.1", hostKey: "granted" });
  });

  it("is the proved one before the new grant is signed", () => {
    const kept = { hub: { ...at("2"), hostKey: "proved" } };
    expect(placesOf(kept, viewOf({ hub: "of the machine before" }), nobody).get("hub")?.hostKey).toBe("proved");
  });

  it("is nobody's while a new machine has to prove its own, or when nothing is known", () => {
    expect(placesOf({ hub: at("2") }, viewOf({ hub: "before" }), new Set(["hub"])).get("hub")?.hostKey).toBeUndefined();
    expect(placesOf({ hub: at("2") }, undefined, nobody).get("hub")?.hostKey).toBeUndefined();
  });

  it("are known by what the last deploy noted where a token signed the grant, which no mesh file has", () => {
    const worker = { ...at("3"), grantedKey: "signed by a token" };
    expect(placesOf({ worker }, viewOf({ hub: "granted" }), nobody).get("worker")?.hostKey).toBe("signed by a token");
    expect(placesOf({ worker }, viewOf({ worker: "an admin's" }), nobody).get("worker")?.hostKey).toBe("an admin's");
    expect(placesOf({ worker }, viewOf({}), new Set(["worker"])).get("worker")?.hostKey).toBeUndefined();
  });

  it("goes with the droplet's id: a renamed one keeps it, another machine under the name does not", () => {
    const kept = { old: { ...at("1"), hostKey: "proved" } };
    expect(mergeDroplets(kept, { hub: at("1") })["hub"]?.hostKey).toBe("proved");
    expect(mergeDroplets(kept, { old: at("2") })["old"]?.hostKey).toBeUndefined();
  });

  it("has no place without an address", () => {
    expect(placesOf({ hub: { ...at("1"), public_ip: "" } }, undefined, nobody).size).toBe(0);
  });
});

describe("what is kept of droplets", () => {
  it("is readable by its owner alone, apart for the sandbox, and gone when it is to be forgotten", async () => {
    await writeNonces({ loaded }, { hub: "1f".repeat(32) });
    await writeDroplets({ loaded }, { hub: at("1") });
    expect(await readNonces({ loaded })).toEqual({ hub: "1f".repeat(32) });
    expect(await readNonces({ loaded, sandbox: true })).toEqual({});
    expect(statSync(path.join(folder, ".tm/nonces/main.json")).mode & 0o777).toBe(0o600);
    expect(statSync(path.join(folder, ".tm/nonces")).mode & 0o777).toBe(0o700);
    await forgetDroplets({ loaded });
    expect([await readNonces({ loaded }), await readDroplets({ loaded })]).toEqual([{}, {}]);
  });

  it("may be damaged: Terraform says it again", async () => {
    for (const text of ["", "{", '{"v":1,"droplets":{"hub":{}}}', '{"v":2}']) {
      await writeDroplets({ loaded }, {});
      writeFileSync(path.join(folder, ".tm/droplets/main.json"), text);
      expect(await readDroplets({ loaded })).toEqual({});
    }
  });
});
