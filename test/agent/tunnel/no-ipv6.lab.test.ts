// A host with IPv6 switched off is a member over IPv4.
import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Member, makeIdentity, peerConfig } from "./member.ts";
import { TestNetwork } from "./network.ts";

const network = new TestNetwork("n");
const psk = randomBytes(32).toString("hex");
const alpha = new Member(network, makeIdentity("a", 1));
const beta = new Member(network, makeIdentity("b", 2));

beforeAll(async () => {
  network.member("a", ["198.18.44.1/24"]);
  network.member("b", ["198.18.44.2/24"]);
  const switches = ["net.ipv6.conf.all.disable_ipv6=1", "net.ipv6.conf.default.disable_ipv6=1"];
  expect(await network.exec("b", "sysctl", "-qw", ...switches)).toMatchObject({ code: 0 });
  await alpha.start([peerConfig(beta.identity, psk, ["198.18.44.2"])]);
  await beta.start([peerConfig(alpha.identity, psk, ["198.18.44.1"])]);
});
afterAll(async () => {
  await Promise.all([alpha.remove(), beta.remove()]);
  network.remove();
});

it("reaches its peers, and they reach it", async () => {
  const ping = (from: string, to: string) => network.exec(from, "ping", "-c", "3", "-i", "0.05", "-W", "5", to);
  expect((await ping("b", alpha.identity.ip4)).output).toContain(" 0% packet loss");
  expect((await ping("a", beta.identity.ip4)).output).toContain(" 0% packet loss");
});
