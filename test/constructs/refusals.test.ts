// What a stack can get wrong is refused with the place and the way out.
import { describe, expect, it } from "vitest";
import { Droplet, defineStack, icmp, LocalHost, Mesh, SshHost, type Stack, tcp, text } from "../../constructs/index.ts";
import { alice, bob, office, refusal } from "./mesh.ts";

const other = () => new Mesh({ admins: [alice] });
const hubbed = (build: (mesh: Mesh) => unknown, props: object = {}): Stack =>
  office((mesh) => {
    mesh.coordinator("hub", new LocalHost());
    build(mesh);
  }, props);
const admins = (...keys: [string, ...string[]]): Stack => hubbed(() => undefined, { admins: keys });
const ranged = (range: string): Stack => hubbed(() => undefined, { range });
const loose = (value: unknown) => value as never;

const cases: readonly (readonly [string, string, Stack, RegExp])[] = [
  [
    "a duplicate name",
    "TM_STACK_DUPLICATE_NAME",
    hubbed((m) => m.node("hub", new LocalHost())),
    /node "hub".*coordinator on line \d+/,
  ],
  [
    "a name with a capital",
    "TM_STACK_MEMBER_NAME",
    hubbed((m) => m.node("Beta", new LocalHost())),
    /"Beta".*lower-case/,
  ],
  ["a name with an underscore", "TM_STACK_MEMBER_NAME", hubbed((m) => m.node("a_b", new LocalHost())), /"a_b"/],
  ["a name that ends with a hyphen", "TM_STACK_MEMBER_NAME", hubbed((m) => m.node("a-", new LocalHost())), /hyphen/],
  ["a name of 64 characters", "TM_STACK_MEMBER_NAME", hubbed((m) => m.node("a".repeat(64), new LocalHost())), /63.*64/],
  ["no coordinator", "TM_STACK_NO_COORDINATOR", office((m) => void m.node("a", new LocalHost())), /mesh \(.*:\d+\)/],
  [
    "two coordinators",
    "TM_STACK_SEVERAL_COORDINATORS",
    hubbed((m) => m.coordinator("two", new LocalHost())),
    /two.*hub is one/,
  ],
  ["a range with host bits", "TM_STACK_RANGE", ranged("10.1.2.3/16"), /write 10\.1\.0\.0\/16/],
  ["a range that is none", "TM_STACK_RANGE", ranged("10.0.0.0/33"), /not an address range/],
  ["a public range", "TM_STACK_RANGE", ranged("8.8.0.0/16"), /public/],
  ["a loopback range", "TM_STACK_RANGE", ranged("127.0.0.0/8"), /loopback/],
  ["an IPv6 range", "TM_STACK_RANGE", ranged("fd00::/48"), /IPv4/],
  ["a range without room", "TM_STACK_RANGE", ranged("10.0.0.0/30"), /\/29/],
  ["a range where local hosts live", "TM_STACK_RANGE", ranged("198.18.0.0/16"), /local hosts/],
  [
    "a route that overlaps the range",
    "TM_STACK_RANGE",
    hubbed((m) => m.node("a", new LocalHost(), { routes: ["100.64.9.0/24"] })),
    /node a .*overlaps/,
  ],
  [
    "a host inside the range",
    "TM_STACK_RANGE",
    hubbed((m) => m.node("a", new SshHost("root@100.64.0.9"))),
    /own range/,
  ],
  [
    "a bad route",
    "TM_STACK_CIDR",
    hubbed((m) => m.node("a", new LocalHost(), { routes: ["10.0.0.0/99"] })),
    /route 10/,
  ],
  [
    "a bad CIDR in the policy",
    "TM_STACK_CIDR",
    hubbed((m) => m.allow("1.2.3.4/24", m.node("a", new LocalHost()), icmp)),
    /host bits/,
  ],
  ["an admin key of a home folder", "TM_STACK_ADMIN_KEY_PLACE", admins("~/.ssh/id_ed25519.pub"), /home folder/],
  ["an absolute admin key", "TM_STACK_ADMIN_KEY_PLACE", admins("/home/alice/.ssh/id_ed25519.pub"), /absolute/],
  ["an admin key outside the project", "TM_STACK_ADMIN_KEY_PLACE", admins("../../elsewhere/key.pub"), /outside/],
  ["an admin key that is not there", "TM_STACK_ADMIN_KEY", admins("../keys/nobody.pub"), /no such file/],
  ["an admin key that is garbage", "TM_STACK_ADMIN_KEY", admins("../keys/garbage.pub"), /ssh-ed25519 AAAA/],
  ["an admin key that is cut off", "TM_STACK_ADMIN_KEY", admins(alice.slice(0, 60)), /admins/],
  ["two admin keys in one file", "TM_STACK_ADMIN_KEY", admins("../keys/two.pub"), /2 keys/],
  ["one admin twice", "TM_STACK_ADMIN_KEY", admins(alice, alice.replace("alice", "again")), /twice/],
  ["a private key", "TM_STACK_ADMIN_KEY_PRIVATE", admins("../keys/private"), /private key/],
  [
    "a private key in the stack",
    "TM_STACK_ADMIN_KEY_PRIVATE",
    admins("-----BEGIN OPENSSH PRIVATE KEY-----\nc2VjcmV0"),
    /private key/,
  ],
  [
    "a port above the last",
    "TM_STACK_PORT",
    hubbed((m) => m.node("a", new SshHost("a", { port: 65536 }))),
    /host of a .*65536/,
  ],
  ["port 0", "TM_STACK_PORT", hubbed((m) => m.node("a", new SshHost("a", { port: 0 }))), /port 0/],
  [
    "a service port out of range",
    "TM_STACK_PORT",
    hubbed((m) => m.allow("10.0.0.0/8", m.node("a", new LocalHost()), tcp(70000))),
    /70000/,
  ],
  [
    "a port range backwards",
    "TM_STACK_PORT",
    hubbed((m) => m.allow("10.0.0.0/8", m.node("a", new LocalHost()), tcp("90-80"))),
    /90-80/,
  ],
  [
    "a group of another mesh",
    "TM_STACK_OTHER_MESH",
    hubbed((m) => m.node("a", new LocalHost(), { groups: [other().group("g")] })),
    /group g/,
  ],
  [
    "a node of another mesh",
    "TM_STACK_OTHER_MESH",
    hubbed((m) => m.allow(other().node("x", new LocalHost()), m.group("g"), icmp)),
    /node x/,
  ],
  [
    "a node of another mesh in expect",
    "TM_STACK_OTHER_MESH",
    hubbed((m) => m.expect(other().node("x", new LocalHost())).canReach(m.node("a", new LocalHost()), icmp)),
    /node x/,
  ],
  [
    "two members on one machine",
    "TM_STACK_SAME_HOST",
    hubbed((m) => [m.node("a", new SshHost("root@Box")), m.node("b", new SshHost("me@box"))]),
    /host of b .*a is on/,
  ],
  [
    "a former name that is still there",
    "TM_STACK_FORMERLY",
    hubbed((m) => m.node("a", new LocalHost(), { formerly: "hub" })),
    /still a member/,
  ],
  [
    "one former name twice",
    "TM_STACK_FORMERLY",
    hubbed((m) => [m.node("a", new LocalHost(), { formerly: "x" }), m.node("b", new LocalHost(), { formerly: "x" })]),
    /formerly x too/,
  ],
  [
    "a misspelt property",
    "TM_STACK_VALUE",
    hubbed((m) => m.node("a", new LocalHost(), loose({ group: [] }))),
    /node a .*group/,
  ],
  ["a misspelt property of the mesh", "TM_STACK_VALUE", hubbed(() => undefined, { rnage: "10.0.0.0/8" }), /rnage/],
  ["a host that is none", "TM_STACK_VALUE", hubbed((m) => m.node("a", loose("root@box"))), /host of a/],
  [
    "a target with a port in it",
    "TM_STACK_VALUE",
    hubbed((m) => m.node("a", new SshHost("root@box:22 -oProxyCommand=x"))),
    /target/,
  ],
  [
    "a target that is an option",
    "TM_STACK_VALUE",
    hubbed((m) => m.node("a", new SshHost("-oProxyCommand=x"))),
    /target/,
  ],
  [
    "a url of a node",
    "TM_STACK_VALUE",
    hubbed((m) => m.node("a", new LocalHost(), { url: "wss://a.example" })),
    /only a coordinator/,
  ],
  [
    "a url of another kind",
    "TM_STACK_VALUE",
    office((m) => void m.coordinator("hub", new LocalHost(), { url: "http://a.example" })),
    /url/,
  ],
  [
    "a host key that is none",
    "TM_STACK_VALUE",
    hubbed((m) => m.node("a", new SshHost("a", { hostKey: "SHA256:abc" }))),
    /hostKey/,
  ],
  [
    "a droplet whose transform takes over its first script",
    "TM_STACK_VALUE",
    hubbed((m) =>
      m.node(
        "a",
        new Droplet({
          region: "fra1",
          size: "s-1vcpu-1gb",
          ssh: [],
          transform: (attributes) => void Object.assign(attributes, { user_data: "#!/bin/sh" }),
        }),
      ),
    ),
    /setup, which runs over SSH/,
  ],
  [
    "SSH ranges of a droplet that are none",
    "TM_STACK_CIDR",
    hubbed((m) => m.node("a", new Droplet({ region: "fra1", size: "s-1vcpu-1gb", ssh: ["10.0.0.1/8"] }))),
    /host bits/,
  ],
  [
    "a region that is no slug",
    "TM_STACK_VALUE",
    hubbed((m) => m.node("a", new Droplet({ region: "Frankfurt 1", size: "s-1vcpu-1gb", ssh: [] }))),
    /region/,
  ],
  [
    "a state that nothing made",
    "TM_STACK_VALUE",
    office((m) => {
      m.coordinator("hub", new LocalHost());
      return { state: { kind: "local" } };
    }),
    /state\.local\(\)/,
  ],
  ["a stack name that is no label", "TM_STACK_NAME", defineStack("Büro", () => ({ mesh: other() })), /Büro/],
  [
    "a stack name that is too long with its stage",
    "TM_STACK_NAME",
    defineStack("a".repeat(60), () => ({ mesh: other() })),
    /longer than 63/,
  ],
  ["something that is no stack", "TM_STACK_NO_DEFAULT", loose({ name: "x" }), /defineStack/],
  [
    "a stack that returns no mesh",
    "TM_STACK_VALUE",
    defineStack(
      "x",
      loose(() => ({})),
    ),
    /not a Mesh/,
  ],
  [
    "a stack that throws",
    "TM_STACK_FAILED",
    defineStack("x", () => {
      throw new Error("boom");
    }),
    /boom/,
  ],
  [
    "a value known later used as text",
    "TM_STACK_LATER",
    office((m) => ({ outputs: { url: `${m.coordinator("hub", new LocalHost()).url}` } })),
    /^$/,
  ],
  [
    "an output of another mesh",
    "TM_STACK_OTHER_MESH",
    office((m) => {
      m.coordinator("hub", new LocalHost());
      return { outputs: { url: text`${other().coordinator("x", new LocalHost()).url}` } };
    }),
    /output url/,
  ],
];

const files = {
  "/project/keys/garbage.pub": "hello there\n",
  "/project/keys/two.pub": `${alice}\n${bob}\n`,
  "/project/keys/private": "-----BEGIN OPENSSH PRIVATE KEY-----\nc2VjcmV0\n-----END OPENSSH PRIVATE KEY-----\n",
};

describe("synthesis refuses", () => {
  it.each(cases)("%s with %s", async (_, code, stack, detail) => {
    const error = await refusal(stack, { files });
    expect(error.code).toBe(code);
    expect(error.detail ?? "").toMatch(detail);
    expect(error.message).not.toContain("c2VjcmV0");
  });

  it("a stage that is no label", async () => {
    expect(
      (
        await refusal(
          hubbed(() => undefined),
          { stage: "Prod!" },
        )
      ).code,
    ).toBe("TM_STACK_STAGE");
  });

  it("naming the line of the stack file", async () => {
    const error = await refusal(hubbed((mesh) => mesh.node("Bad Name", new LocalHost())));
    expect(error.detail).toMatch(/refusals\.test\.ts:\d+\)/);
  });
});
