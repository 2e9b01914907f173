// The fake API answers as the service does: token, pages, limits, refusals, faults, and nothing lost over a restart.
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Cloud } from "../../../../cli/engine/sandbox/cloud.ts";
import { memoryMachines } from "../../../../cli/engine/sandbox/machines.ts";
import { type Laboratory, openLaboratory } from "./laboratory.ts";

const droplet = { name: "one", region: "fra1", size: "s-1vcpu-1gb", image: "debian-13-x64" };
const anybody = { protocol: "tcp", ports: "22", sources: { addresses: ["0.0.0.0/0"] } };
let lab: Laboratory;

beforeAll(async () => {
  lab = await openLaboratory();
});
afterAll(async () => {
  await lab[Symbol.asyncDispose]();
});

describe("the fake API", () => {
  it("takes one token and says no to others", async () => {
    expect(await lab.ask("GET", "/v2/account", undefined, "other")).toMatchObject({
      status: 401,
      body: { id: "Unauthorized", message: "Unable to authenticate you", request_id: expect.any(String) },
    });
    const { status, headers } = await lab.ask("GET", "/v2/account");
    expect(status).toBe(200);
    expect(Number(headers.get("ratelimit-remaining"))).toBeLessThan(5000);
  });

  it("makes a droplet new and locked, then active with addresses", async () => {
    const made = await lab.ask("POST", "/v2/droplets", { ...droplet, tags: ["blue"] });
    expect(made).toMatchObject({
      status: 202,
      body: { droplet: { status: "new", locked: true, networks: { v4: [], v6: [] } } },
    });
    await lab.cloud.settled();
    const { id } = made.body.droplet!;
    const { body } = await lab.ask("GET", `/v2/droplets/${id}`);
    expect(body.droplet).toMatchObject({ status: "active", locked: false, tags: ["blue"] });
    expect(body.droplet!.networks.v4.map(({ type }: { type: string }) => type)).toEqual(["public", "private"]);
    expect((await lab.ask("GET", "/v2/tags/blue")).body.tag!.resources.droplets.count).toBe(1);
    const [action] = (await lab.ask("GET", `/v2/droplets/${id}/actions`)).body.actions!;
    expect(action).toMatchObject({ type: "create", status: "completed", completed_at: expect.any(String) });
    expect((await lab.ask("DELETE", `/v2/droplets/${id}`)).status).toBe(204);
    await lab.cloud.settled();
    expect((await lab.ask("GET", `/v2/droplets/${id}`)).status).toBe(404);
    expect(lab.machines.standing.size).toBe(0);
  });

  it("pages with links in both directions", async () => {
    for (let index = 0; index < 5; index += 1) await lab.ask("POST", "/v2/tags", { name: `t${index}` });
    const middle = await lab.ask("GET", "/v2/tags?page=2&per_page=2");
    expect(middle.body.links!.pages).toMatchObject({
      prev: expect.stringContaining("page=1"),
      next: expect.stringContaining("page=3"),
    });
    const whole = await lab.ask("GET", "/v2/tags?per_page=200");
    expect(whole.body.links).toEqual({});
    expect(whole.body.meta!.total).toBe(whole.body.tags!.length);
  });

  it("keeps the limits of a firewall", async () => {
    const rule = anybody;
    const refused = async (body: object) =>
      (await lab.ask("POST", "/v2/firewalls", { name: "f", ...body })).body.message;
    expect(await refused({ inbound_rules: [] })).toMatch(/at least one rule/);
    expect(await refused({ inbound_rules: Array(51).fill(rule) })).toMatch(/50 rules/);
    expect(
      await refused({ inbound_rules: [rule], droplet_ids: Array.from({ length: 11 }, (_, id) => id + 1) }),
    ).toMatch(/10 droplets/);
    expect(await refused({ inbound_rules: [rule], tags: ["a", "b", "c", "d", "e", "f"] })).toMatch(/5 tags/);
    expect(await refused({ inbound_rules: [rule], tags: ["nobody"] })).toMatch(/does not exist/);
    const made = await lab.ask("POST", "/v2/firewalls", { name: "f", inbound_rules: [{ ...rule, ports: "all" }] });
    expect(made.body.firewall!.inbound_rules).toEqual([{ ...rule, ports: "0" }]);
  });

  it("refuses what the service refuses, changing nothing", async () => {
    const before = JSON.stringify(lab.cloud.state);
    const tries: [string, string, unknown, number][] = [
      ["POST", "/v2/droplets", { ...droplet, region: "moon1" }, 422],
      ["POST", "/v2/droplets", { ...droplet, name: "no_underscore" }, 422],
      ["POST", "/v2/droplets", { ...droplet, ssh_keys: ["aa:bb"] }, 422],
      ["POST", "/v2/droplets", "{", 400],
      ["POST", "/v2/account/keys", { name: "k", public_key: "ssh-rsa" }, 422],
      ["PUT", "/v2/firewalls/none", { name: "f" }, 404],
      ["DELETE", "/v2/regions", undefined, 405],
      [
        "POST",
        "/v2/firewalls",
        { name: "f", inbound_rules: [{ ...anybody, sources: { addresses: ["1.1.1.1 accept"] } }] },
        422,
      ],
      ["GET", "/v2/nothing/here", undefined, 404],
      ["POST", "/v2/tags", { name: "x".repeat(2_000_000) }, 413],
    ];
    for (const [method, at, body, status] of tries)
      expect((await lab.ask(method, at, body)).status, `${method} ${at}`).toBe(status);
    expect(JSON.stringify(lab.cloud.state)).toBe(before);
  });

  it("meets faults as often as it was told", async () => {
    await lab.cloud.change((draft) => {
      draft.faults.push({ kind: "throttle", on: "GET /v2/sizes", times: 1, value: 7 });
      draft.faults.push({ kind: "refuse", on: "POST /v2/droplets", times: 1, value: 0 });
    });
    const throttled = await lab.ask("GET", "/v2/sizes");
    expect([throttled.status, throttled.headers.get("retry-after")]).toEqual([429, "7"]);
    expect((await lab.ask("GET", "/v2/sizes")).status).toBe(200);
    expect((await lab.ask("POST", "/v2/droplets", droplet)).status).toBe(422);
    expect(lab.cloud.state.faults).toEqual([]);
  });

  it("answers every list and every thing of a full account in the service's shapes", async () => {
    const key = `ssh-ed25519 ${"A".repeat(68)}`;
    const keyId = (await lab.ask("POST", "/v2/account/keys", { name: "k", public_key: key })).body.ssh_key!.id;
    const { id } = (await lab.ask("POST", "/v2/droplets", { ...droplet, ssh_keys: [keyId], ipv6: true })).body.droplet!;
    const volume = (await lab.ask("POST", "/v2/volumes", { region: "fra1", name: "v", size_gigabytes: 1 })).body.volume!
      .id;
    const project = (await lab.ask("POST", "/v2/projects", { name: "P", purpose: "p" })).body.project!.id;
    const { ip } = (await lab.ask("POST", "/v2/reserved_ips", { region: "fra1" })).body.reserved_ip!;
    await lab.ask("POST", "/v2/domains", { name: "example.net", ip_address: "198.51.100.7" });
    const at = "/v2/domains/example.net/records";
    const alias = { type: "CNAME", name: "www", data: "example.net." };
    const record = (await lab.ask("POST", at, alias)).body.domain_record!;
    expect(record.data).toBe("example.net");
    await lab.cloud.settled();
    const lists = ["account/keys", "actions", "domains", "droplets", "firewalls", "images", "projects", "regions"];
    const more = ["reserved_ips", "sizes", "tags", "volumes?name=v&region=fra1", "vpcs", `droplets/${id}/actions`];
    const things = [`droplets/${id}`, `volumes/${volume}`, `projects/${project}`, "projects/default", "account"];
    const others = [`reserved_ips/${ip}`, "domains/example.net", `account/keys/${keyId}`, "images/debian-13-x64"];
    const inner = [`projects/${project}/resources`, "domains/example.net/records"];
    for (const path of [
      ...lists,
      ...more,
      ...things,
      ...others,
      ...inner,
      `domains/example.net/records/${record.id}`,
    ]) {
      const { status, body } = await lab.ask("GET", `/v2/${path}`);
      expect(status, `${path}: ${body?.message}`).toBe(200);
    }
    expect((await lab.ask("DELETE", "/v2/projects/default")).status).toBe(412);
    await lab.ask("DELETE", `/v2/droplets/${id}`);
    await lab.cloud.settled();
  });

  it("keeps an account's limit of droplets", async () => {
    const standing = Object.keys(lab.cloud.state.droplets).length;
    for (let count = standing; count < 25; count += 1) await lab.ask("POST", "/v2/droplets", droplet);
    const { status, body } = await lab.ask("POST", "/v2/droplets", droplet);
    expect([status, body.message]).toEqual([422, expect.stringContaining("exceed your droplet limit")]);
    await lab.ask("POST", "/sandbox/reset");
    await lab.cloud.settled();
  });

  it("keeps everything over a restart, and finishes a droplet that was being made", async () => {
    await lab.ask("POST", "/v2/vpcs", { name: "kept", region: "fra1" });
    await lab.cloud.change((draft) => {
      const id = draft.nextId++;
      draft.droplets[id] = {
        ...{
          id,
          name: "half",
          status: "new",
          locked: true,
          size: "s-1vcpu-1gb",
          region: "fra1",
          image: "debian-13-x64",
        },
        ...{ created_at: "2026-11-24T00:00:00Z", vpc_uuid: randomUUID(), features: [], tags: [], volume_ids: [] },
        ...{ ssh_keys: [], user_data: null, public_ip: null, private_ip: null, ipv6: null },
      };
    });
    const machines = memoryMachines();
    const again = await Cloud.open({ file: lab.file, machines, now: Date.now, uuid: randomUUID, log: () => undefined });
    await again.settled();
    expect(Object.values(again.state.vpcs).map(({ name }) => name)).toContain("kept");
    expect(Object.values(again.state.droplets)).toMatchObject([{ name: "half", status: "active", locked: false }]);
  });
});
