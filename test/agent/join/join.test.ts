// Joining by token with the agent's own subcommands, against a real coordinator: what it gives, and each way it is refused.
import { createHash } from "node:crypto";
import { readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { clockError, refusedBy } from "../../../agent/join/join-error.ts";
import { hostPaths } from "../../../protocol/host/paths.ts";
import type { SignedItem } from "../../../protocol/trust/item.ts";
import { encodeJoinToken } from "../../../protocol/trust/join-token.ts";
import { nodeIdOf } from "../../../protocol/trust/ssh-public-key.ts";
import { deriveTunnelKeys } from "../../../protocol/trust/tunnel-keys.ts";
import { grantItem, keysItem } from "../../protocol/trust/mesh.ts";
import { startProcess, until } from "../main/host.ts";
import { type Ended, runAgent, secret, unixNow, useJoiningMesh } from "./joining.ts";

const mesh = useJoiningMesh();
const resultOf = ({ status, stdout, stderr }: Ended): Record<string, unknown> => {
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as Record<string, unknown>;
};
const codeOf = ({ stderr }: Ended): string => stderr.split(":", 1)[0]!;

describe("join", () => {
  it("describes the mesh, makes the host a member once, and gives the agent what it needs", async () => {
    const token = await mesh.token("one", { groups: ["web", "eu"] });
    const { meshId, name: meshName } = mesh.view;
    const { tid } = token.entry;
    const described = resultOf(await runAgent(["join", "--describe", "--identity", "/nonexistent"], token.text));
    expect(described).toEqual({
      v: 1,
      mesh: meshName,
      meshId,
      domain: "mesh",
      range: "100.64.0.0/10",
      tid,
      groups: ["web", "eu"],
      ephemeral: false,
      expires: token.token.exp,
      usesLeft: 2,
    });
    const host = mesh.host("joiner");
    const nid = nodeIdOf(host.party.signer.publicKey);
    const first = resultOf(await mesh.join(host, token.text, "--name", "laptop"));
    expect(first).toMatchObject({ nid, name: "laptop", groups: ["web", "eu"], expires: 0, already: false });
    const again = resultOf(await mesh.join(host, token.text));
    expect(again).toEqual({ ...first, already: true });
    const file = path.join(host.root, hostPaths(meshName).networkSecret);
    expect(JSON.parse(readFileSync(file, "utf8"))).toEqual({ v: 1, mesh: meshId, generations: [{ gen: 1, secret }] });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const agent = startProcess(host, meshName);
    try {
      const status = await until(
        agent.status,
        ({ state, coordinator }) => state === "up" && coordinator.state === "connected",
      );
      expect([status.name, status.ip4]).toEqual(["laptop", first["ip4"]]);
      const theirs = (await mesh.tokens()).map((one) => ({
        ...one,
        used: [{ ...one.used[0], seen: expect.any(Number) }],
      }));
      expect(await agent.ask({ method: "tokens" })).toEqual({ tokens: theirs });
      expect(resultOf(await mesh.join(host, token.text))).toEqual({ ...first, already: true });
    } finally {
      await agent.stop();
    }
    const [used] = (await mesh.tokens()).filter((one) => one.tid === tid);
    expect(used).toMatchObject({ usesLeft: 1, used: [{ nid, name: "laptop", member: true }] });
  });

  it("ends in one membership wherever it is killed, also when the host's state is lost", async () => {
    const token = await mesh.token("killed", { uses: 1 });
    const host = mesh.host("killed");
    const args = ["join", "--mesh", mesh.view.name, "--root", host.root, "--name", "killed"];
    for (const after of [400, 550, 700]) await runAgent(args, token.text, after);
    const first = resultOf(await runAgent(args, token.text));
    rmSync(path.join(host.root, hostPaths(mesh.view.name).agentState), { recursive: true });
    expect(resultOf(await runAgent(args, token.text))).toEqual({ ...first, already: true });
    const [used] = (await mesh.tokens()).filter(({ tid }) => tid === token.entry.tid);
    expect(used).toMatchObject({ state: "used-up", used: [{ name: "killed" }] });
  });

  it("proposes free names, keeps to those of the token, and leaves reserved ones alone", async () => {
    await mesh.coordinator.ask({ method: "reserved.set", names: ["hub", "node"], ip4s: ["100.64.0.77"] });
    const token = await mesh.token("names", { uses: 5 });
    const made = await mesh.token("made", { names: ["hub", "spare"], ip4s: ["100.64.0.77" as never], uses: 1 });
    const [one, two, three] = [mesh.host("one"), mesh.host("two"), mesh.host("three")];
    expect(await mesh.joinHere(one, token.text, "taken")).toMatchObject({ name: "taken" });
    for (const name of ["taken", "hub", "spare"]) {
      expect(await mesh.joinHere(two, token.text, name)).toBe("TM_JOIN_NAME_TAKEN");
    }
    expect(await mesh.joinHere(three, made.text, "other")).toBe("TM_JOIN_NAME_TAKEN");
    expect(await mesh.joinHere(three, made.text)).toMatchObject({ name: "hub", ip4: "100.64.0.77" });
    expect(await mesh.joinHere(two, token.text)).toMatchObject({ name: "node-2" });
  });

  it("gives as many as the token was made for different places, when more come at once", async () => {
    const token = await mesh.token("crowd", { uses: 3 });
    const hosts = ["a", "b", "c", "d", "e"].map((name) => mesh.host(name));
    const results = await Promise.all(hosts.map((host) => mesh.joinHere(host, token.text)));
    const joined = results.filter((result) => typeof result !== "string");
    expect(results.filter((result) => typeof result === "string")).toEqual(["TM_JOIN_USED_UP", "TM_JOIN_USED_UP"]);
    expect(new Set(joined.map(({ name }) => name)).size).toBe(3);
    expect(new Set(joined.map(({ ip4 }) => ip4)).size).toBe(3);
    const again = await Promise.all(hosts.map((host) => mesh.joinHere(host, token.text)));
    const expected = results.map((result) => (typeof result === "string" ? result : { ...result, already: true }));
    expect(again).toEqual(expected);
  });

  it("works for a host key that cannot be mapped, and for one that an admin has granted", async () => {
    const token = await mesh.token("kinds");
    const rsa = mesh.host("rsa", "rsa");
    expect(await mesh.joinHere(rsa, token.text, "rsa")).toMatchObject({ name: "rsa", already: false });
    const host = mesh.host("granted");
    await mesh.coordinator.submit(grantItem(mesh.view, host.party, { ip4: "100.64.1.1" as never, name: "granted" }));
    const result = await mesh.joinHere(host, token.text, "other");
    expect(result).toMatchObject({ name: "granted", ip4: "100.64.1.1", groups: [], already: true });
    const [used] = (await mesh.tokens()).filter(({ tid }) => tid === token.entry.tid);
    expect(used?.used.map(({ name }) => name)).toEqual(["rsa"]);
  });

  it("by an ephemeral token ends at the latest with its grant, and its agent shows life until then", async () => {
    const token = await mesh.token("brief", { ephemeral: true });
    const host = mesh.host("brief");
    const result = await mesh.joinHere(host, token.text, "brief");
    if (typeof result === "string") throw new Error(result);
    expect(result.expires).toBeGreaterThan(unixNow() + 29 * 86_400);
    expect(result.expires).toBeLessThanOrEqual(token.token.exp + 30 * 86_400);
    const old = keysItem(mesh.view, host.party, { seq: 2, iat: unixNow() - 7 * 3600 });
    writeFileSync(path.join(host.root, hostPaths(mesh.view.name).agentState, "keys.json"), JSON.stringify(old));
    const agent = startProcess(host, mesh.view.name);
    try {
      const held = async () => (await mesh.coordinator.ask<{ items: SignedItem[] }>({ method: "items" })).items;
      const signed = await until(held, (items) =>
        items.some(({ body }) => body.includes(result.nid) && body.includes('"seq":3')),
      );
      const renewed = signed.map(({ body }) => JSON.parse(body) as { nid?: string; iat?: number; seq?: number });
      const keys = renewed.find(({ nid, iat }) => nid === result.nid && iat !== undefined);
      expect(keys?.iat).toBeGreaterThan(unixNow() - 60);
    } finally {
      await agent.stop();
    }
  });
});

describe("a join is refused with its reason", () => {
  it("for a token that is used up, expired, revoked or unknown, and never repeats it", async () => {
    const host = mesh.host("refused");
    const one = await mesh.token("used", { uses: 1 });
    expect(await mesh.joinHere(mesh.host("first"), one.text)).toMatchObject({ already: false });
    const expired = await mesh.token("expired", { exp: Math.floor(Date.now() / 60_000) * 60 - 60 });
    const revoked = await mesh.token("revoked");
    await mesh.log({ type: "token.revoke", tid: revoked.entry.tid, nodes: false });
    const unknown = await mesh.token("unknown", {}, false);
    expect(await mesh.joinHere(host, expired.text)).toBe("TM_JOIN_EXPIRED");
    expect(await mesh.joinHere(host, revoked.text)).toBe("TM_JOIN_REVOKED");
    expect(await mesh.joinHere(host, unknown.text)).toBe("TM_JOIN_UNKNOWN_TOKEN");
    const ended = await mesh.join(host, one.text);
    expect([codeOf(ended), ended.status, ended.stdout]).toEqual(["TM_JOIN_USED_UP", 1, ""]);
    expect(ended.stderr).not.toContain(one.text.slice(5, 40));
    expect(mesh.coordinator.output).not.toContain("tmj1_");
  });

  it("for a typing error, another release's token and another mesh", async () => {
    const host = mesh.host("typo");
    const { text, token } = await mesh.token("typed");
    expect(await mesh.joinHere(host, `${text.slice(0, -1)}_`)).toBe("TM_JOIN_TOKEN");
    expect(await mesh.joinHere(host, "hello")).toBe("TM_JOIN_TOKEN");
    const later = Buffer.from(text.slice(5), "base64url").subarray(0, -4).with(0, 2);
    const sum = createHash("sha256").update("tm-join-v1").update(later).digest().subarray(0, 4);
    const release = `tmj1_${Buffer.concat([later, sum]).toString("base64url")}`;
    expect(await mesh.joinHere(host, release)).toBe("TM_JOIN_TOKEN_RELEASE");
    const foreign = encodeJoinToken({ ...token, meshId: "44".repeat(32) as never });
    expect(await mesh.joinHere(host, foreign)).toBe("TM_JOIN_OTHER_MESH");
    expect(codeOf(await runAgent(["join", "--describe"], foreign))).toBe("TM_JOIN_COORDINATOR_KEY");
  });

  it("without a network secret that the token opens", async () => {
    const token = await mesh.token("empty", { wraps: [{ gen: 1, sealed: "00".repeat(80) }] });
    expect(await mesh.joinHere(mesh.host("empty"), token.text)).toBe("TM_JOIN_SECRET");
  });

  it("where nobody answers, or not whom the token names; every URL is listed", async () => {
    const host = mesh.host("unreachable");
    const other = createServer((_, response) => response.end("hello")).listen(0, "127.0.0.1");
    await new Promise((resolve) => other.once("listening", resolve));
    try {
      const urls = [`ws://127.0.0.1:${(other.address() as AddressInfo).port}`, "ws://127.0.0.1:9"];
      const { token } = await mesh.token("urls");
      const ended = await mesh.join(host, encodeJoinToken({ ...token, urls }));
      expect(codeOf(ended)).toBe("TM_JOIN_UNREACHABLE");
      for (const url of urls) expect(ended.stderr).toContain(url);
      const coordinatorKey = deriveTunnelKeys(new Uint8Array(32).fill(9)).ctl.publicKey;
      const wrong = encodeJoinToken({ ...token, coordinatorKey });
      expect(await mesh.joinHere(host, wrong)).toBe("TM_JOIN_COORDINATOR_KEY");
      const all = encodeJoinToken({ ...token, urls: [...urls, ...token.urls] });
      expect(await mesh.joinHere(host, all)).toMatchObject({ already: false });
    } finally {
      other.close();
    }
  });

  it("when the clocks are far apart", () => {
    const at = unixNow();
    const expired = { code: "TM_JOIN_EXPIRED", message: "token" };
    expect(refusedBy(expired, { theirs: at, ours: at + 3601 }).code).toBe("TM_JOIN_CLOCK");
    expect(refusedBy(expired, { theirs: at, ours: at - 3600 }).code).toBe("TM_JOIN_EXPIRED");
    expect(clockError(at, at)).toBeUndefined();
    expect(refusedBy({ code: "TM_MADE_UP", message: "\u001b[2J" }).message).toContain("TM_MADE_UP: ?[2J");
  });
});
