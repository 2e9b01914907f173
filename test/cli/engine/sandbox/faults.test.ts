// Faults that were asked for: what the API does then, that each ends, and that the cloud can be emptied whatever it does.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Laboratory, openLaboratory } from "./laboratory.ts";

const droplet = { name: "one", region: "fra1", size: "s-1vcpu-1gb", image: "debian-13-x64" };
let lab: Laboratory;

beforeEach(async () => {
  lab = await openLaboratory();
});
afterEach(async () => {
  await lab.ask("DELETE", "/sandbox/faults");
  await lab[Symbol.asyncDispose]();
});

const fault = (body: object) => lab.ask("POST", "/sandbox/faults", body);
const make = async () => {
  const { id } = (await lab.ask("POST", "/v2/droplets", droplet)).body.droplet!;
  return id as number;
};
const look = async (id: number) => (await lab.ask("GET", `/v2/droplets/${id}`)).body.droplet!;

describe("faults of the sandbox", () => {
  it("are what their kind means when nothing more is said, and refused when they make no sense", async () => {
    const { status, body } = await fault({ kind: "refuse" });
    expect([status, body.faults]).toEqual([201, [{ kind: "refuse", on: "POST /v2/droplets", times: 1, value: 0 }]]);
    expect((await fault({ kind: "explode" })).status).toBe(422);
    expect((await fault({ kind: "refuse", times: 0 })).status).toBe(422);
    expect((await lab.ask("DELETE", "/sandbox/faults")).body.faults).toHaveLength(1);
    expect((await lab.ask("GET", "/sandbox/faults")).body).toEqual({ faults: [] });
    expect((await lab.ask("GET", "/sandbox/faults", undefined, "other")).status).toBe(401);
  });

  it("refuse and fail once each, in words that can be given", async () => {
    await fault({ kind: "refuse", message: "no more of these" });
    await fault({ kind: "fail" });
    const said = [await lab.ask("POST", "/v2/droplets", droplet), await lab.ask("POST", "/v2/droplets", droplet)];
    expect(said.map(({ status, body }) => [status, body.id, body.message])).toEqual([
      [422, "unprocessable_entity", "no more of these"],
      [500, "server_error", "Unexpected server-side error"],
    ]);
    expect(lab.cloud.state.droplets).toEqual({});
    await make();
  });

  it("keep a droplet new and locked until they are taken out", async () => {
    await fault({ kind: "stuck", value: 3600 });
    const id = await make();
    await expect.poll(() => lab.machines.standing.has(id)).toBe(true);
    expect(await look(id)).toMatchObject({ status: "new", locked: true });
    expect(await lab.ask("DELETE", `/v2/droplets/${id}`)).toMatchObject({
      status: 422,
      body: { message: "Droplet already has a pending event." },
    });
    await lab.ask("DELETE", "/sandbox/faults");
    await lab.cloud.settled();
    expect(await look(id)).toMatchObject({ status: "active", locked: false });
  });

  it("let go of a droplet whose machine is still being made when they are taken out", async () => {
    const made = Promise.withResolvers<void>();
    await using slow = await openLaboratory(made.promise);
    await slow.ask("POST", "/sandbox/faults", { kind: "stuck", value: 3600 });
    const { id } = (await slow.ask("POST", "/v2/droplets", droplet)).body.droplet!;
    await slow.ask("DELETE", "/sandbox/faults");
    made.resolve();
    await slow.cloud.settled();
    expect((await slow.ask("GET", `/v2/droplets/${id}`)).body.droplet).toMatchObject({ status: "active" });
  });

  it("let an action end in an error and change nothing", async () => {
    const id = await make();
    const { ip } = (await lab.ask("POST", "/v2/reserved_ips", { region: "fra1" })).body.reserved_ip!;
    await lab.cloud.settled();
    await fault({ kind: "errored", on: "assign_ip" });
    const assign = () => lab.ask("POST", `/v2/reserved_ips/${ip}/actions`, { type: "assign", droplet_id: id });
    const { action } = (await assign()).body;
    await lab.cloud.settled();
    expect((await lab.ask("GET", `/v2/reserved_ips/${ip}/actions/${action!.id}`)).body.action).toMatchObject({
      status: "errored",
      completed_at: null,
    });
    expect((await lab.ask("GET", `/v2/reserved_ips/${ip}`)).body.reserved_ip!.droplet).toBeNull();
    await assign();
    expect((await lab.ask("GET", `/v2/reserved_ips/${ip}`)).body.reserved_ip!.droplet!.id).toBe(id);
  });

  it("leave a droplet that could not be made as one that can be removed", async () => {
    await fault({ kind: "errored", on: "create" });
    const id = await make();
    await lab.cloud.settled();
    expect(await look(id)).toMatchObject({ status: "off", locked: false, networks: { v4: [] } });
    expect((await lab.ask("GET", `/v2/droplets/${id}/actions`)).body.actions![0]!.status).toBe("errored");
    expect((await lab.ask("DELETE", `/v2/droplets/${id}`)).status).toBe(204);
    await lab.cloud.settled();
    expect(lab.cloud.state.droplets).toEqual({});
  });
});

describe("a reset", () => {
  it("empties the cloud, also of a droplet that is stuck, and leaves a project to begin with", async () => {
    await fault({ kind: "stuck" });
    await make();
    await make();
    await lab.ask("POST", "/v2/vpcs", { name: "mine", region: "fra1" });
    await lab.ask("POST", "/v2/domains", { name: "example.org", ip_address: "198.51.100.7" });
    const { nextId } = lab.cloud.state;
    expect((await lab.ask("POST", "/sandbox/reset")).body).toEqual({ droplets: 2 });
    await lab.cloud.settled();
    const { droplets, vpcs, domains, actions, faults, projects } = lab.cloud.state;
    expect({ droplets, vpcs, domains, actions, faults }).toEqual({
      ...{ droplets: {}, vpcs: {}, domains: {}, actions: {}, faults: [] },
    });
    expect(Object.values(projects)).toMatchObject([{ is_default: true, urns: [] }]);
    expect(lab.machines.standing.size).toBe(0);
    expect(lab.cloud.state.nextId, "ids are never used twice").toBeGreaterThanOrEqual(nextId);
  });
});
