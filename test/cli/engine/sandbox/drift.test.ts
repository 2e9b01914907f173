// What tm sandbox drift, fault and reset do to a running cloud, found by its file as the commands find it.
import { writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { drift } from "../../../../cli/engine/sandbox/drift.ts";
import { addFault, clearFaults, listFaults, resetSandbox } from "../../../../cli/engine/sandbox/faults.ts";
import { type SandboxPlace, sandboxPlace } from "../../../../cli/engine/sandbox/place.ts";
import { sandboxStatus } from "../../../../cli/engine/sandbox/sandbox.ts";
import { type Laboratory, openLaboratory, token } from "./laboratory.ts";

const rule = { protocol: "tcp", ports: "22", sources: { addresses: ["203.0.113.7/32"] } };
let lab: Laboratory;
let place: SandboxPlace;

beforeAll(async () => {
  lab = await openLaboratory();
  place = sandboxPlace(lab.folder);
  writeFileSync(place.serverFile, JSON.stringify({ pid: process.pid, url: lab.url, token }));
  await lab.ask("POST", "/v2/firewalls", { name: "guard", inbound_rules: [rule] });
  for (const name of ["one", "two", "two"])
    await lab.ask("POST", "/v2/droplets", { name, region: "fra1", size: "s-1vcpu-1gb", image: "debian-13-x64" });
  await lab.cloud.settled();
});
afterAll(async () => {
  await lab[Symbol.asyncDispose]();
});

describe("drift", () => {
  it("names, resizes, stops and starts a droplet, and opens a firewall", async () => {
    expect(await drift({ kind: "rename", target: "one", value: "other" }, place)).toContain("is called other");
    await drift({ kind: "resize", target: "other", value: "s-1vcpu-2gb" }, place);
    const look = async () => (await sandboxStatus(place)).droplets.find(({ name }) => name === "other");
    expect(await look()).toMatchObject({ size: "s-1vcpu-2gb", status: "active" });
    await drift({ kind: "stop", target: "other" }, place);
    expect(await look()).toMatchObject({ status: "off" });
    await drift({ kind: "start", target: "other" }, place);
    expect(await look()).toMatchObject({ status: "active" });
    await drift({ kind: "open", target: "guard", value: "8000-8080" }, place);
    const [guard] = (await lab.ask("GET", "/v2/firewalls")).body.firewalls!;
    expect(guard!.inbound_rules).toEqual([
      rule,
      { ...rule, ports: "8000-8080", sources: { addresses: ["0.0.0.0/0", "::/0"] } },
    ]);
  });

  it("lets go of a reserved address, and takes things away", async () => {
    const { ip } = (await lab.ask("POST", "/v2/reserved_ips", { region: "fra1" })).body.reserved_ip!;
    const droplet = Object.values(lab.cloud.state.droplets).find(({ name }) => name === "other")!;
    await lab.ask("POST", `/v2/reserved_ips/${ip}/actions`, { type: "assign", droplet_id: droplet.id });
    await drift({ kind: "unassign", target: ip }, place);
    expect(lab.cloud.state.reservedIps[ip]?.droplet_id).toBeNull();
    for (const target of [ip, "guard", "other"])
      expect(await drift({ kind: "delete", target }, place)).toContain("gone");
    await lab.cloud.settled();
    const { reservedIps, firewalls, droplets } = lab.cloud.state;
    expect([reservedIps, firewalls, Object.keys(droplets).length]).toEqual([{}, {}, 2]);
  });

  it("says what it cannot find or may not do", async () => {
    const refused = async (what: Parameters<typeof drift>[0]) => drift(what, place).catch((error: unknown) => error);
    expect(await refused({ kind: "stop", target: "none" })).toMatchObject({ code: "TM_SANDBOX_TARGET" });
    expect(await refused({ kind: "stop", target: "two" })).toMatchObject({
      code: "TM_SANDBOX_TARGET",
      detail: expect.stringMatching(/2 of its droplets .*by its id/),
    });
    const [id] = Object.keys(lab.cloud.state.droplets);
    expect(await refused({ kind: "rename", target: id! })).toMatchObject({ code: "TM_SANDBOX_TARGET" });
    expect(await refused({ kind: "resize", target: id!, value: "huge" })).toMatchObject({
      code: "TM_SANDBOX_REFUSED",
      detail: expect.stringContaining("Size is not available"),
    });
    expect(lab.cloud.state.droplets[Number(id)]?.status, "it runs again").toBe("active");
  });
});

describe("faults and reset", () => {
  it("are put in, shown and taken out; a reset leaves nothing", async () => {
    await addFault({ kind: "stuck", value: 900 }, place);
    expect(await listFaults(place)).toMatchObject([{ kind: "stuck", on: "create", value: 900 }]);
    expect((await sandboxStatus(place)).faults).toHaveLength(1);
    expect(await clearFaults(place)).toHaveLength(1);
    expect(await resetSandbox(place)).toBe(2);
    expect(await sandboxStatus(place)).toMatchObject({ url: lab.url, droplets: [], faults: [], counts: { vpcs: 0 } });
  });
});
