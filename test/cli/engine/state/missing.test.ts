// Which members' droplets a state does not hold: none, some, renamed ones, those to be replaced, and a mesh that is gone.
import { describe, expect, it } from "vitest";
import type { KnownHost } from "../../../../cli/engine/deploy/known-hosts.ts";
import { missingMembers, refuseMissing } from "../../../../cli/engine/state/missing.ts";
import type { Stored } from "../../../../cli/engine/state/stored.ts";
import { Droplet, SshHost } from "../../../../constructs/index.ts";
import type { MeshView } from "../../../../protocol/trust/member.ts";
import { office, synth } from "../../../constructs/mesh.ts";

const small = { region: "fra1", size: "s-1vcpu-1gb", ssh: [] } as const;
const model = await synth(
  office((mesh) => {
    mesh.coordinator("hub", new Droplet(small));
    mesh.node("gw", new Droplet(small), { formerly: "gateway" });
    mesh.node("9lives", new Droplet(small));
    mesh.node("nas", new SshHost("nas"));
    return undefined;
  }),
);

/** A view is asked for names and keys alone. */
const mesh = (...names: string[]): MeshView =>
  ({ members: new Map(names.map((name) => [name, { name, sshPublicKey: `key of ${name}` }])) }) as unknown as MeshView;

const stored = (...names: string[]): Stored => ({
  version: 4,
  serial: 1,
  lineage: "one",
  outputs: {},
  resources: names.map((name) => ({
    mode: "managed",
    type: "digitalocean_droplet",
    name,
    instances: [{ attributes: { id: "1" } }],
  })),
});
const missing = (state: Stored | undefined, view: MeshView | undefined, replace: readonly string[] = []) =>
  missingMembers(state, { model, view, replace });

describe("members whose droplets the state does not hold", () => {
  it("are all when there is no state, whatever is not on a droplet", () => {
    expect(missing(undefined, mesh("hub", "gw", "9lives", "nas"))).toEqual(["9lives", "gw", "hub"]);
  });

  it("are none before the first deploy and after a destroy, and none that never came to be", () => {
    expect(missing(undefined, undefined)).toEqual([]);
    expect(missing(undefined, mesh())).toEqual([]);
    expect(missing(stored("hub"), mesh("hub"))).toEqual([]);
  });

  it("are found under the name they had before, and under an id that Terraform takes", () => {
    expect(missing(stored("hub", "gateway", "_9lives"), mesh("hub", "gateway", "9lives"))).toEqual([]);
  });

  it("are those of a state that was destroyed or half adopted", () => {
    expect(missing(stored(), mesh("hub", "gw"))).toEqual(["gw", "hub"]);
    expect(missing(stored("hub"), mesh("hub", "gw"))).toEqual(["gw"]);
    expect(
      missing({ ...stored("hub"), resources: [{ ...stored("hub").resources[0]!, instances: [] }] }, mesh("hub")),
    ).toEqual(["hub"]);
  });

  it("are not those that are to be made anew", () => {
    expect(missing(stored("hub"), mesh("hub", "gw"), ["gw"])).toEqual([]);
  });
});

describe("a member that comes from another kind of host", () => {
  const known = (name: string, more: Partial<KnownHost>): Readonly<Record<string, KnownHost>> => ({
    [name]: { nid: "1", kind: "ssh", target: `root@${name}`, hostKey: `key of ${name}`, ...more },
  });
  const refusal = (name: string, hosts: Readonly<Record<string, KnownHost>>) => {
    try {
      return refuseMissing(stored(), { model, view: mesh(name), hosts });
    } catch (error) {
      return error;
    }
  };

  it("is told apart from a droplet that the state has lost, and the way there is said", () => {
    for (const kind of ["ssh", "local"] as const) {
      expect(refusal("gw", known("gw", { kind }))).toMatchObject({
        code: "TM_CLOUD_OTHER_HOST",
        detail: expect.stringMatching(/^gw is a member on a host of its own/),
        advice: [expect.stringContaining("tm remove-node gw"), expect.stringContaining("--replace gw")],
      });
    }
    expect(refusal("hub", known("hub", {}))).toMatchObject({
      code: "TM_CLOUD_OTHER_HOST",
      advice: [expect.stringContaining("keep the old host as a node"), expect.stringContaining("--replace hub")],
    });
  });

  it("is none where it was a droplet, where nobody knows, and where the record is of another machine", () => {
    for (const hosts of [known("gw", { droplet: true }), {}, known("gw", { hostKey: "another" })])
      expect(refusal("gw", hosts)).toMatchObject({ code: "TM_STATE_MISSING", detail: expect.stringContaining("gw") });
  });
});
