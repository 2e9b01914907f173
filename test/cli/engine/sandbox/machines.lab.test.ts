// Droplets of the sandbox are machines: they prove their host key, their firewalls hold, their reserved address leads to them.
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createLocalHosts } from "../../../../cli/engine/local/hosts.ts";
import { drift } from "../../../../cli/engine/sandbox/drift.ts";
import { addFault, resetSandbox } from "../../../../cli/engine/sandbox/faults.ts";
import { type SandboxServer, sandboxPlace } from "../../../../cli/engine/sandbox/place.ts";
import { findSandbox, removeSandbox, sandboxStatus, startSandbox } from "../../../../cli/engine/sandbox/sandbox.ts";
import { bootstrapScript, hostKeyProofFile } from "../../../../constructs/terraform/bootstrap.ts";
import { type AnswerBody, readAnswer } from "./laboratory.ts";
import { startOtherRelease } from "./other-release.ts";

const place = sandboxPlace(`/var/lib/tunnelmesh-sandbox-test-${process.pid}`);
const folder = mkdtempSync(path.join(tmpdir(), "tm-sandbox-machines-"));
const nonce = "5a".repeat(32);
let server: SandboxServer;

async function ask(method: string, at: string, body?: object): Promise<AnswerBody> {
  const response = await fetch(server.url + at, {
    method,
    headers: { authorization: `Bearer ${server.token}` },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${at}: ${response.status} ${text}`);
  return readAnswer(text);
}

async function ready(id: number) {
  for (let tries = 0; tries < 300; tries += 1) {
    const droplet = (await ask("GET", `/v2/droplets/${id}`)).droplet!;
    if (droplet.status === "active") return droplet;
    await sleep(200);
  }
  throw new Error("the droplet does not become active");
}

const ssh = (address: string, command: string) =>
  execa(
    "ssh",
    [
      ...[
        "-i",
        path.join(folder, "key"),
        "-o",
        "IdentitiesOnly=yes",
        "-o",
        "StrictHostKeyChecking=no",
        "-o",
        "BatchMode=yes",
      ],
      ...[
        "-o",
        "UserKnownHostsFile=/dev/null",
        "-o",
        "LogLevel=ERROR",
        "-o",
        "ConnectTimeout=5",
        `root@${address}`,
        command,
      ],
    ],
    // A connection that stands when its droplet is switched off would wait for ever.
    { reject: false, timeout: 8_000 },
  );

const addressOf = (droplet: { networks: { v4: { type: string; ip_address: string }[] } }, type: string): string =>
  droplet.networks.v4.find((one) => one.type === type)!.ip_address;

const opens = (from: string, to: string, port: number) =>
  ssh(from, `timeout 2 bash -c 'echo > /dev/tcp/${to}/${port}'`).then(({ exitCode }) => exitCode === 0);

beforeAll(async () => {
  await execa("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", path.join(folder, "key")]);
  server = await startSandbox(place);
  const public_key = readFileSync(path.join(folder, "key.pub"), "utf8").trim();
  await ask("POST", "/v2/account/keys", { name: "test", public_key });
});

afterAll(async () => {
  await removeSandbox(place);
  rmSync(folder, { recursive: true, force: true });
});

describe("droplets of the sandbox", () => {
  it("boot, prove their keys, and are guarded and addressed as the API says", async () => {
    const { fingerprint } = (await ask("GET", "/v2/account/keys")).ssh_keys![0]!;
    const make = (name: string, tags: string[]) =>
      ask("POST", "/v2/droplets", {
        ...{
          name,
          tags,
          region: "fra1",
          size: "s-1vcpu-1gb",
          image: "debian-13-x64",
          ssh_keys: [fingerprint],
          ipv6: true,
        },
        user_data: bootstrapScript(nonce),
      });
    const [{ id: firstId }, { id: secondId }] = [
      (await make("one", ["guarded"])).droplet!,
      (await make("two", [])).droplet!,
    ];
    const [one, two] = await Promise.all([ready(firstId), ready(secondId)]);
    const [first, second] = [addressOf(one, "public"), addressOf(two, "public")];

    const proof = await ssh(
      first,
      `cat ${hostKeyProofFile}; cut -d ' ' -f 1,2 /etc/ssh/ssh_host_ed25519_key.pub; sshd -T | grep -i ^passwordauth`,
    );
    const [ed25519, , key, passwords] = proof.stdout.split("\n");
    expect(ed25519).toBe(`ssh-ed25519 ${createHash("sha256").update(`${nonce}${key}`).digest("hex")}`);
    expect(passwords?.toLowerCase()).toBe("passwordauthentication no");

    expect(await opens(second, first, 22)).toBe(true);
    expect(await opens(second, addressOf(one, "private"), 22)).toBe(true);
    const rule = { protocol: "tcp", ports: "22", sources: { addresses: [`${first.replace(/\.\d+$/, ".254")}/32`] } };
    const firewall = (
      await ask("POST", "/v2/firewalls", {
        name: "guard",
        tags: ["guarded"],
        inbound_rules: [rule],
      })
    ).firewall!;
    await expect.poll(() => opens(second, first, 22), { timeout: 10_000 }).toBe(false);
    expect((await ssh(first, "true")).exitCode).toBe(0);
    const byTag = { ...rule, sources: { tags: ["friends"] } };
    await ask("POST", "/v2/tags", { name: "friends" });
    await ask("POST", "/v2/tags/friends/resources", {
      resources: [{ resource_id: String(two.id), resource_type: "droplet" }],
    });
    await ask("PUT", `/v2/firewalls/${firewall.id}`, {
      name: "guard",
      tags: ["guarded"],
      inbound_rules: [rule, byTag],
    });
    await expect.poll(() => opens(second, first, 22), { timeout: 10_000 }).toBe(true);

    const reserved_ip = (await ask("POST", "/v2/reserved_ips", { region: "fra1" })).reserved_ip!;
    await ask("POST", `/v2/reserved_ips/${reserved_ip.ip}/actions`, { type: "assign", droplet_id: two.id });
    await expect
      .poll(async () => (await ssh(reserved_ip.ip, "hostname")).stdout, { timeout: 10_000 })
      .toBe(`two-${two.id}`);

    await ask("POST", `/v2/droplets/${two.id}/actions`, { type: "power_off" });
    await expect.poll(async () => (await ssh(second, "true")).exitCode, { timeout: 20_000 }).not.toBe(0);
    await ask("POST", `/v2/droplets/${two.id}/actions`, { type: "power_on" });
    await expect.poll(async () => (await ssh(second, "true")).exitCode, { timeout: 20_000 }).toBe(0);
  });

  it("outlive their server, and go with the sandbox without a trace", async () => {
    process.kill(server.pid, "SIGKILL");
    await expect.poll(() => findSandbox(place), { timeout: 10_000 }).toBeUndefined();
    await using other = await startOtherRelease(place, path.join(folder, "checkout"), Number(new URL(server.url).port));
    const lines: string[] = [];
    const again = await startSandbox(place, undefined, (line) => lines.push(line));
    expect(lines, "one that another release started makes room").toEqual([
      expect.stringContaining(`process ${other.pid}, started from ${other.program}`),
    ]);
    expect({ url: again.url, token: again.token }).toEqual({ url: server.url, token: server.token });
    const { droplets, counts } = await sandboxStatus(place);
    expect(droplets.map(({ name, status }) => `${name} ${status}`).toSorted()).toEqual(["one active", "two active"]);
    expect(counts.reserved_ips).toBe(1);
    const page = await fetch(`${again.url}/sandbox`);
    expect(await page.text()).toContain("two");

    await addFault({ kind: "throttle", on: "GET /v2/droplets" }, place);
    await expect(drift({ kind: "stop", target: "one" }, place)).rejects.toMatchObject({ code: "TM_SANDBOX_REFUSED" });
    await expect(drift({ kind: "stop", target: "none" }, place)).rejects.toMatchObject({ code: "TM_SANDBOX_TARGET" });
    expect(await drift({ kind: "open", target: "guard", value: "8000-8080" }, place)).toContain("tcp 8000-8080");
    const { id } = droplets[0]!;
    expect(await drift({ kind: "rename", target: String(id), value: "other" }, place)).toContain("other");
    expect(await drift({ kind: "resize", target: "other", value: "s-1vcpu-2gb" }, place)).toContain("s-1vcpu-2gb");
    const changed = (await sandboxStatus(place)).droplets.find((one) => one.id === id);
    expect(changed).toMatchObject({ name: "other", size: "s-1vcpu-2gb", status: "active" });
    expect(await drift({ kind: "delete", target: "other" }, place)).toContain("gone");

    await expect.poll(async () => (await sandboxStatus(place)).droplets.length, { timeout: 20_000 }).toBe(1);
    expect(await resetSandbox(place)).toBe(1);
    expect((await createLocalHosts({ state: place.machines }).list("sandbox")).length).toBe(0);
    expect(await sandboxStatus(place)).toMatchObject({ url: server.url, droplets: [], faults: [] });
    expect(await removeSandbox(place)).toBe(true);
    expect(existsSync(place.folder)).toBe(false);
    expect((await execa("ip", ["route"])).stdout).not.toContain("198.19.255.");
    expect(await removeSandbox(place)).toBe(false);
  });
});
