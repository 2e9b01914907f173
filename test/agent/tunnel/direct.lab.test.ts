// Two tunnels that know each other's address: pings inside, nothing readable outside.
import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Member, makeIdentity, peerConfig } from "./member.ts";
import { TestNetwork } from "./network.ts";

const network = new TestNetwork("d");
const psk = randomBytes(32).toString("hex");
const alpha = new Member(network, makeIdentity("a", 1));
const beta = new Member(network, makeIdentity("b", 2));

beforeAll(async () => {
  network.member("a", ["198.18.40.1/24", "fd40::1/64"]);
  network.member("b", ["198.18.40.2/24", "fd40::2/64"]);
  await alpha.start([peerConfig(beta.identity, psk, ["198.18.40.2"])]);
  await beta.start([peerConfig(alpha.identity, psk, ["198.18.40.1"])]);
});

afterAll(async () => {
  await Promise.all([alpha.remove(), beta.remove()]);
  network.remove();
});

describe("two tunnels without relay or coordinator", () => {
  it("carry IPv4 and IPv6 pings, large ones too", () => {
    const first = network.exec("a", "ping", "-c", "20", "-i", "0.05", "-W", "5", beta.identity.ip4);
    expect(first.output).toContain(" 0% packet loss");
    const second = network.exec("b", "ping", "-c", "5", "-i", "0.05", "-s", "1372", "-W", "5", alpha.identity.ip6);
    expect(second.output).toContain(" 0% packet loss");
  });
});
