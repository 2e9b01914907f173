// docs/protocol.md repeats layouts, labels and numbers of the code: each is held equal.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import * as limits from "../../agent/session/limits.ts";
import { signatureNamespaces, tunnelMtu } from "../../protocol/constants.ts";
import { handshakeFrameLimit } from "../../protocol/coordination/channel.ts";
import { coordinationKinds } from "../../protocol/coordination/messages.ts";
import { frameLimit } from "../../protocol/coordination/transport.ts";
import { endpointLimit } from "../../protocol/ctl/endpoints.ts";
import { controlKinds } from "../../protocol/ctl/format.ts";
import { punchLimit } from "../../protocol/ctl/punch.ts";
import { cookieLifetime } from "../../protocol/wireguard/cookie.ts";
import { controlProfile, patternName, tunnelProfile } from "../../protocol/wireguard/profile.ts";
import { replayWindow } from "../../protocol/wireguard/replay.ts";

const root = new URL("../../", import.meta.url);
const read = (file: string): string => readFileSync(new URL(file, root), "utf8");
const page = read("docs/protocol.md");
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

describe("docs/protocol.md", () => {
  it.each([
    "protocol/wireguard/initiation.ts",
    "protocol/wireguard/response.ts",
    "protocol/wireguard/cookie-reply.ts",
    "protocol/wireguard/data.ts",
    "protocol/wireguard/tai64n.ts",
    "protocol/ctl/ping.ts",
    "protocol/ctl/pong.ts",
    "protocol/ctl/endpoints.ts",
    "protocol/ctl/punch.ts",
    "protocol/ctl/head.ts",
    "protocol/ctl/clients.ts",
    "protocol/coordination/channel.ts",
  ])("has the layout that %s has at its head", (file) => {
    const lines = [...read(file).matchAll(/^\/\/ {3}(\S.*)$/gm)].map((match) => match[1]!);
    expect(lines.length).toBeGreaterThan(0);
    const shown = page.split("\n").map((line) => line.trim());
    for (const line of lines) expect(shown).toContain(line);
  });

  it("has the numbers of timers and limits", () => {
    const rows = new Map([...page.matchAll(/^\| `(\w+)` \| ([^|]+) \|/gm)].map((match) => [match[1]!, match[2]!]));
    const numbers: Record<string, number> = { ...limits, replayWindow, cookieLifetime };
    const counts = new Set(["stagedLimit", "retiredLimit", "replayWindow", "rekeyAfterMessages"]);
    const shown = Object.entries(numbers).map(([name, value]) => {
      if (name === "rekeyAfterMessages") return [name, `2^${Math.log2(value)}`];
      if (counts.has(name)) return [name, String(value)];
      return [name, value % 1_000 === 0 ? `${value / 1_000} s` : `${value} ms`];
    });
    expect(Object.fromEntries([...rows].filter(([name]) => name in numbers))).toEqual(Object.fromEntries(shown));
    for (const limit of [endpointLimit, punchLimit, tunnelMtu, handshakeFrameLimit, frameLimit]) {
      expect(page).toContain(String(limit));
    }
  });

  it("has the labels, patterns and types of each profile", () => {
    const row = (name: string): string[] => {
      const line = page.split("\n").find((one) => one.startsWith(`| ${name} |`)) ?? "";
      return line.split("|").map((cell) => cell.trim().replaceAll(/[`"]/g, ""));
    };
    for (const [column, profile] of [tunnelProfile, controlProfile].entries()) {
      const types = Object.values(profile.types).map((type) => type.toString(16).padStart(2, "0"));
      expect(row("pattern")[2 + column]).toBe(patternName);
      expect(row("prologue")[2 + column]).toBe(text(profile.prologue));
      expect(row("label of mac1")[2 + column]).toBe(text(profile.macLabel));
      expect(row("label of cookies")[2 + column]).toBe(text(profile.cookieLabel));
      expect(row("message types")[2 + column]).toBe(types.join(" "));
    }
    const channel = read("protocol/coordination/channel.ts");
    for (const label of ["tm-coord-v1", "mac1-tm-coord-v1"]) {
      expect(channel).toContain(`"${label}"`);
      expect(page).toContain(`\`${label}\``);
    }
  });

  it("has the labels of identities and secrets", () => {
    const files = ["addresses/ula.ts", "trust/network-secret.ts", "trust/client-secret.ts"];
    const trust = files.map((file) => read(`protocol/${file}`)).join("\n");
    const clients = ["tm-client-wrap-v1", "tm-wg-psk-v1 client"];
    for (const label of ["tm-ula-v1", "tm-ip6-v1", "tm-net-pair-v1", "tm-wg-psk-v1 pair", ...clients]) {
      expect(trust).toContain(`"${label}"`);
      expect(page).toContain(`\`${label}\``);
    }
    for (const namespace of Object.values(signatureNamespaces)) expect(page).toContain(`\`${namespace}\``);
  });

  it("has the kinds of control messages and of the channel", () => {
    for (const code of Object.values(controlKinds)) {
      expect(page).toContain(`0 kind ${code.toString(16).padStart(2, "0")} ·`);
    }
    for (const [kind, code] of Object.entries(coordinationKinds)) {
      expect(page).toContain(`| \`${kind}\` | ${code.toString(16).padStart(2, "0")} |`);
    }
  });
});
