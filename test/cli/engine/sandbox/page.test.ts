// The page shows what is there, to this machine alone, as text; what could be used or run is not in it.
import { request } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { escapeHtml } from "../../../../cli/engine/sandbox/page/html.ts";
import { type Laboratory, openLaboratory, token } from "./laboratory.ts";

const secret = "first-script-of-a-droplet";
const key = `ssh-ed25519 ${"A".repeat(68)}`;
let lab: Laboratory;

beforeAll(async () => {
  lab = await openLaboratory();
  await lab.ask("POST", "/v2/account/keys", { name: "<img src=x onerror=alert(1)>", public_key: key });
  await lab.ask("POST", "/v2/tags", { name: "web" });
  const rule = { protocol: "tcp", ports: "443", sources: { addresses: ["203.0.113.0/24"] } };
  await lab.ask("POST", "/v2/firewalls", { name: "guard", tags: ["web"], inbound_rules: [rule] });
  const droplet = { name: "shop", region: "fra1", size: "s-1vcpu-1gb", image: "debian-13-x64", tags: ["web"] };
  await lab.ask("POST", "/v2/droplets", { ...droplet, user_data: secret });
  await lab.cloud.settled();
  await lab.ask("POST", "/sandbox/faults", { kind: "throttle", on: "<b>" });
});
afterAll(async () => {
  await lab[Symbol.asyncDispose]();
});

/** A request with a Host of one's own, which fetch does not allow. */
function get(path: string, host: string): Promise<{ status: number; text: string; headers: NodeJS.Dict<unknown> }> {
  return new Promise((resolve, reject) => {
    const sent = request(`${lab.url}${path}`, { headers: { host } }, async (response) => {
      const parts: Buffer[] = [];
      for await (const part of response) parts.push(part as Buffer);
      resolve({
        status: response.statusCode ?? 0,
        text: Buffer.concat(parts).toString(),
        headers: response.headers,
      });
    });
    sent.on("error", reject).end();
  });
}

describe("the page of the sandbox", () => {
  it("shows droplets, what guards them, and faults, as text and without secrets", async () => {
    const { status, text, headers } = await get("/sandbox", new URL(lab.url).host);
    expect(status).toBe(200);
    expect(headers["content-security-policy"]).toContain("default-src 'none'");
    for (const shown of ["shop", "active", "198.19.", "guard", "tcp 443", "203.0.113.0/24", "$6 a month"])
      expect(text).toContain(shown);
    expect(text).toContain("&lt;img src=x onerror=alert(1)&gt;");
    expect(text).not.toContain("<img");
    expect(text).not.toContain("<b>,");
    for (const hidden of [token, secret, key]) expect(text).not.toContain(hidden);
    const view = await get("/sandbox/view", new URL(lab.url).host);
    expect(text).toContain(view.text);
  });

  it("brings its own style and script and nothing else", async () => {
    const { host } = new URL(lab.url);
    const { text } = await get("/", host);
    for (const [, path] of text.matchAll(/(?:href|src)="([^"]+)"/g))
      expect((await get(path!, host)).status, path).toBe(200);
    expect(text).not.toMatch(/<(style|script)>|https?:/);
    expect((await get("/sandbox/other", host)).status).toBe(401);
  });

  it("is not for names of other hosts that lead here", async () => {
    expect((await get("/sandbox/view", "attacker.example")).status).toBe(421);
    expect((await get("/sandbox/view", "localhost:8080")).status).toBe(200);
  });

  it("shows control characters as what they are", () => {
    expect(escapeHtml("a\u001b[31m<'\">&")).toBe("a\\x1b[31m&lt;&#39;&quot;&gt;&amp;");
  });
});
