// A stack becomes a model that does not depend on the order of its lines.
import { describe, expect, it } from "vitest";
import { defineStack, icmp, LocalHost, Mesh, SshHost, state, tcp, text, udp } from "../../constructs/index.ts";
import { alice, bob, office, synth } from "./mesh.ts";

describe("synthesis", () => {
  it("gives the whole model", async () => {
    const stack = defineStack("office", ({ stage }) => {
      const mesh = new Mesh({ admins: ["../keys/bob.pub", alice], range: "10.9.0.0/16", domain: "office.internal" });
      const people = mesh.group("people");
      const nas = mesh.node("nas", new SshHost("admin@192.168.1.20", { port: 2222, hostKey: bob }), {
        groups: [mesh.group("storage"), people],
        routes: ["192.168.7.0/24", "fd12::/64"],
        dnsNames: ["files.office.internal"],
        formerly: "old-nas",
      });
      const hub = mesh.coordinator("hub", new LocalHost({ nat: "port-restricted" }), { url: "wss://hub.example.org" });
      mesh.allow(people, nas, tcp(443, "8000-8099", 22), icmp).allow("192.168.7.0/24", hub, udp());
      mesh.expect(hub).canReach(nas, tcp(443)).cannotReach(hub, tcp(22));
      const outputs = { url: text`at ${hub.url}, ${"really"}`, plain: stage };
      return { mesh, state: state.local(), protect: stage === "prod", outputs };
    });
    expect(await synth(stack, { stage: "prod", files: { "/project/keys/bob.pub": `# Bob\n${bob}\n` } })).toEqual({
      schema: "tm.mesh/v1",
      stack: "office",
      stage: "prod",
      name: "office-prod",
      admins: [bob, alice],
      range: "10.9.0.0/16",
      domain: "office.internal",
      protect: true,
      state: { kind: "local" },
      members: [
        {
          name: "hub",
          role: "coordinator",
          host: { kind: "local", nat: "port-restricted", internet: false },
          groups: [],
          dnsNames: [],
          routes: [],
          url: "wss://hub.example.org",
        },
        {
          name: "nas",
          role: "node",
          host: { kind: "ssh", target: "admin@192.168.1.20", port: 2222, hostKey: bob.replace(/ bob$/, "") },
          groups: ["people", "storage"],
          dnsNames: ["files.office.internal"],
          routes: ["192.168.7.0/24", "fd12::/64"],
          formerly: "old-nas",
        },
      ],
      policy: {
        allow: [
          {
            from: { kind: "cidr", cidr: "192.168.7.0/24" },
            to: { kind: "node", name: "hub" },
            services: [{ protocol: "udp", ports: [] }],
          },
          {
            from: { kind: "group", name: "people" },
            to: { kind: "node", name: "nas" },
            services: [
              { protocol: "icmp", ports: [] },
              {
                protocol: "tcp",
                ports: [
                  { from: 22, to: 22 },
                  { from: 443, to: 443 },
                  { from: 8000, to: 8099 },
                ],
              },
            ],
          },
        ],
        expect: [
          { from: "hub", to: "hub", service: { protocol: "tcp", ports: [{ from: 22, to: 22 }] }, reach: false },
          { from: "hub", to: "nas", service: { protocol: "tcp", ports: [{ from: 443, to: 443 }] }, reach: true },
        ],
      },
      // biome-ignore lint/suspicious/noTemplateCurlyInString: the model's own notation
      outputs: { plain: "prod", url: "at ${hub.url}, really" },
    });
  });

  it("does not depend on the order of the file", async () => {
    const forward = office((mesh) => {
      const [one, two] = [mesh.group("one"), mesh.group("two")];
      const hub = mesh.coordinator("hub", new LocalHost(), { groups: [one, two] });
      mesh.node("a", new LocalHost());
      mesh.allow(one, hub, tcp(1, 2)).allow(two, hub, icmp);
    });
    const backward = office((mesh) => {
      mesh.node("a", new LocalHost());
      const [two, one] = [mesh.group("two"), mesh.group("one")];
      const hub = mesh.coordinator("hub", new LocalHost(), { groups: [two, one, two] });
      mesh.allow(two, hub, icmp).allow(one, hub, tcp(2, 1)).allow(two, hub, icmp);
    });
    expect(JSON.stringify(await synth(forward))).toBe(JSON.stringify(await synth(backward)));
  });

  it("fills in what was left out", async () => {
    const model = await synth(office((mesh) => void mesh.coordinator("hub", new LocalHost())));
    expect(model).toMatchObject({
      range: "100.64.0.0/10",
      domain: "mesh",
      protect: false,
      outputs: {},
      members: [{ host: { kind: "local", nat: "none", internet: false } }],
    });
  });

  it("waits for a stack that is asynchronous", async () => {
    const stack = defineStack("slow", async () => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      const mesh = new Mesh({ admins: [alice] });
      mesh.coordinator("hub", new LocalHost());
      return { mesh };
    });
    expect((await synth(stack)).name).toBe("slow-main");
  });
});
