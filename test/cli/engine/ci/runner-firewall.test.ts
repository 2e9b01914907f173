// A CI run's firewall against the fake API: opened for the runner alone, taken back whatever happens, leftovers swept, others' left.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { admits } from "../../../../cli/engine/ci/admitted.ts";
import { createFirewallApi } from "../../../../cli/engine/ci/firewall-api.ts";
import { runnerAccess, sweepStack } from "../../../../cli/engine/ci/runner-access.ts";
import { ciRun, firewallName, isLeft } from "../../../../cli/engine/ci/runner-firewall.ts";
import type { MeshModel } from "../../../../constructs/model.ts";
import { type Laboratory, openLaboratory, token } from "../sandbox/laboratory.ts";

const mesh = "office-prod";
let lab: Laboratory;
let said: string[];

beforeAll(async () => {
  lab = await openLaboratory();
  await lab.ask("POST", "/v2/tags", { name: `tm:${mesh}` });
});
afterAll(async () => {
  await lab[Symbol.asyncDispose]();
});
beforeEach(async () => {
  said = [];
  await lab.cloud.change((draft) => {
    draft.firewalls = {};
    draft.faults = [];
  });
});

const firewalls = () => Object.values(lab.cloud.state.firewalls);
const context = (ssh: readonly string[], signal = new AbortController().signal) => ({
  loaded: {
    model: {
      name: mesh,
      members: [{ name: "hub", role: "coordinator", host: { kind: "droplet", ssh } }],
    } as unknown as MeshModel,
  } as never,
  progress: { log: (line: string) => void said.push(line) } as never,
  signal,
});
const environment = (more: Record<string, string> = {}) => ({
  DIGITALOCEAN_TOKEN: token,
  DIGITALOCEAN_API_URL: lab.url,
  GITHUB_RUN_ID: "4711",
  GITHUB_RUN_ATTEMPT: "2",
  TM_RUNNER_ADDRESS: "203.0.113.9",
  ...more,
});
const leave = async (name: string, { tags = [`tm:${mesh}`], age = 0 } = {}) => {
  const rule = { protocol: "tcp", ports: "22", sources: { addresses: ["198.51.100.1"] } };
  for (const tag of tags) await lab.ask("POST", "/v2/tags", { name: tag });
  const { body } = await lab.ask("POST", "/v2/firewalls", { name, tags, inbound_rules: [rule] });
  await lab.cloud.change((draft) => {
    const made = draft.firewalls[body.firewall!.id];
    if (made !== undefined)
      draft.firewalls[made.id] = { ...made, created_at: new Date(Date.now() - age).toISOString() };
  });
};

describe("the runner's way in", () => {
  it("opens TCP 22 of the mesh's droplets to the runner, once, and takes it back", async () => {
    const access = runnerAccess(context(["192.0.2.0/24"]), { environment: environment() });
    await access.open();
    await access.open();
    expect(firewalls()).toMatchObject([
      {
        name: firewallName(mesh, { id: "4711", attempt: "2" }),
        inbound: [{ protocol: "tcp", ports: "22", peers: { addresses: ["203.0.113.9"] } }],
        outbound: [],
        tags: [`tm:${mesh}`],
        droplet_ids: [],
      },
    ]);
    await access.close();
    await access.close();
    expect(firewalls()).toEqual([]);
  });

  it("opens nothing where the stack admits the runner, or where there is no droplet yet", async () => {
    for (const ssh of [["203.0.113.0/24"], ["0.0.0.0/0"]]) {
      await runnerAccess(context(ssh), { environment: environment() }).open();
    }
    const other = context([]);
    (other.loaded as { model: { name: string } }).model.name = "not-there";
    await runnerAccess(other, { environment: environment() }).open();
    expect(firewalls()).toEqual([]);
  });

  it("sweeps what this run or a killed one left, and nothing else", async () => {
    const hour = 3_600_000;
    await leave(firewallName(mesh, { id: "4711", attempt: "1" }));
    await leave(firewallName(mesh, { id: "11", attempt: "1" }), { age: 2 * hour });
    await leave(firewallName(mesh, { id: "12", attempt: "1" }), { age: hour / 2 });
    await leave(firewallName("other-prod", { id: "4711", attempt: "1" }), { age: 2 * hour, tags: ["tm:other-prod"] });
    await leave("tm-deploy-hand-made", { age: 2 * hour });
    await leave(`${mesh}-coordinator`, { age: 2 * hour });
    const context_ = context([]);
    expect((await sweepStack(context_, environment())).toSorted()).toEqual([
      firewallName(mesh, { id: "11", attempt: "1" }),
      firewallName(mesh, { id: "4711", attempt: "1" }),
    ]);
    expect(firewalls()).toHaveLength(4);
  });

  it("leaves nothing open when it is interrupted, or when the answer is lost", async () => {
    const stop = new AbortController();
    stop.abort(new Error("stopped"));
    // A service that has not put it into force yet, and one whose answer never arrives.
    for (const behaviour of ["waiting", "lost"] as const) {
      await using proxy = await openProxy(behaviour);
      const signal = behaviour === "waiting" ? stop.signal : new AbortController().signal;
      const access = runnerAccess(context([], signal), {
        environment: environment({ DIGITALOCEAN_API_URL: proxy.url }),
      });
      await expect(access.open()).rejects.toThrow(behaviour === "waiting" ? "stopped" : "firewall");
      expect(proxy.made()).toBe(1);
      expect(firewalls()).toEqual([]);
    }
  });

  it("says which firewall is left when it cannot be taken back", async () => {
    const access = runnerAccess(context([]), { environment: environment() });
    await access.open();
    await lab.cloud.change((draft) => {
      draft.faults = [{ kind: "refuse", on: "DELETE /v2/firewalls", times: 9, value: 0 }] as never;
    });
    await expect(access.close()).rejects.toMatchObject({
      code: "TM_CI_FIREWALL_LEFT",
      detail: expect.stringContaining(firewallName(mesh, { id: "4711", attempt: "2" })),
    });
  });
});

describe("the client of the API", () => {
  it("waits as long as a busy service asks, and says no to a wrong token", async () => {
    await lab.cloud.change((draft) => {
      draft.faults = [{ kind: "throttle", on: "GET /v2/firewalls", times: 1, value: 0.01 }] as never;
    });
    const api = createFirewallApi({ token, url: lab.url, retryDelay: 1 });
    expect(await api.list()).toEqual([]);
    const wrong = createFirewallApi({ token: "wrong", url: lab.url });
    await expect(wrong.list()).rejects.toMatchObject({ code: "TM_TERRAFORM_TOKEN" });
  });

  it("reads every page", async () => {
    for (let index = 0; index < 3; index += 1) await leave(`f${index}`);
    const { fetch } = globalThis;
    globalThis.fetch = ((url: string, options: RequestInit) =>
      fetch(url.replace("per_page=200", "per_page=2"), options)) as typeof fetch;
    try {
      expect(await createFirewallApi({ token, url: lab.url }).list()).toHaveLength(3);
    } finally {
      globalThis.fetch = fetch;
    }
  });
});

describe("what belongs to a run", () => {
  it("is told by GitHub and GitLab, and is its own anywhere else", () => {
    expect(ciRun({ GITHUB_RUN_ID: "5", GITHUB_RUN_ATTEMPT: "3" })).toEqual({ id: "5", attempt: "3" });
    expect(ciRun({ CI_PIPELINE_ID: "6", CI_JOB_ID: "7" })).toEqual({ id: "6", attempt: "7" });
    expect(ciRun({}).id).not.toBe(ciRun({}).id);
  });

  it("is never a firewall with a further tag", () => {
    const run = { id: "5", attempt: "1" };
    const firewall = {
      id: "x",
      name: firewallName(mesh, run),
      status: "succeeded",
      created_at: "2020-01-01T00:00:00Z",
    };
    expect(isLeft({ ...firewall, tags: [`tm:${mesh}`] }, mesh, run, Date.now())).toBe(true);
    expect(isLeft({ ...firewall, tags: [`tm:${mesh}`, "web"] }, mesh, run, Date.now())).toBe(false);
    expect(isLeft({ ...firewall, tags: null }, mesh, run, Date.now())).toBe(false);
  });

  it("is admitted by a range that holds it whole", () => {
    expect(admits([["203.0.113.0/24"]], ["203.0.113.9"])).toBe(true);
    expect(admits([["203.0.113.0/24"]], ["203.0.112.0/23"])).toBe(false);
    expect(admits([["203.0.113.0/24"], ["192.0.2.1/32"]], ["203.0.113.9"])).toBe(false);
    expect(admits([["203.0.113.0/24"]], ["203.0.113.9", "2001:db8::1"])).toBe(true);
    expect(admits([["2001:db8::/32"]], ["2001:db8::1"])).toBe(true);
    expect(admits([[]], ["203.0.113.9"])).toBe(false);
  });
});

/** Stands before the fake API: says of a new firewall that it waits, or loses the answer. */
async function openProxy(behaviour: "waiting" | "lost") {
  let made = 0;
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request as AsyncIterable<Buffer>) parts.push(part);
    const body = Buffer.concat(parts).toString();
    const answer = await fetch(lab.url + request.url, {
      method: request.method ?? "GET",
      headers: { authorization: request.headers.authorization ?? "" },
      ...(body === "" ? {} : { body }),
    });
    const text = await answer.text();
    const creates = request.method === "POST";
    if (creates) made += 1;
    if (creates && behaviour === "lost") return response.destroy();
    response.writeHead(answer.status, { "content-type": "application/json" });
    return response.end(text.replaceAll('"succeeded"', '"waiting"'));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    made: () => made,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
