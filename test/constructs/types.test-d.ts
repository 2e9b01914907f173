// What must not compile: checked by tsc, never run.
import { Droplet, defineStack, icmp, LocalHost, Mesh, SshHost, type Stack, state, tcp, text, udp } from "tunnelmesh";

export const accepted: Stack = defineStack("office", ({ stage }) => {
  const mesh = new Mesh({ admins: ["./keys/alice.pub", "./keys/bob.pub"], range: "10.0.0.0/8" });
  const people = mesh.group("people");
  const cloud = { size: "s-1vcpu-1gb", ssh: ["203.0.113.7/32"] } as const;
  const hub = mesh.coordinator("hub", new Droplet({ ...cloud, region: "fra1", reservedIp: true }));
  for (const region of ["ams3", "nyc3"]) mesh.node(`gw-${region}`, new Droplet({ ...cloud, region }));
  const nas = mesh.node("nas", new SshHost("admin@192.168.1.20"), { groups: [people], formerly: "old-nas" });
  const local = mesh.node("local", new LocalHost({ nat: "port-restricted" }));
  mesh.allow(people, nas, tcp(22, "8000-8099"), udp(53), icmp).allow("10.0.0.0/8", local, tcp());
  mesh.expect(nas).canReach(hub, tcp(443)).cannotReach(local, tcp(22));
  return {
    mesh,
    state: state.local(),
    protect: stage === "prod",
    outputs: { url: hub.url, both: text`${hub.url} ${"x"}` },
  };
});

export function refused(mesh: Mesh): void {
  const people = mesh.group("people");
  const hub = mesh.coordinator("hub", new LocalHost());
  const droplet = new Droplet({ region: "fra1", size: "s", ssh: [] });

  // @ts-expect-error a mesh has at least one admin
  new Mesh({ admins: [] });
  // @ts-expect-error admins are needed
  new Mesh({});
  // @ts-expect-error a range has a prefix
  new Mesh({ admins: ["a"], range: "10.0.0.0" });
  // @ts-expect-error misspelt property
  new Mesh({ admins: ["a"], rnage: "10.0.0.0/8" });
  // @ts-expect-error a host is not a text
  mesh.node("a", "root@box");
  // @ts-expect-error a group is a value, not its name
  mesh.node("a", new LocalHost(), { groups: ["people"] });
  // @ts-expect-error misspelt property
  mesh.node("a", new LocalHost(), { group: [people] });
  // @ts-expect-error a route has a prefix
  mesh.node("a", new LocalHost(), { routes: ["10.0.0.1"] });
  // @ts-expect-error allow names a service
  mesh.allow(people, hub);
  // @ts-expect-error a peer is a value or a range, not a name
  mesh.allow("people", hub, tcp(22));
  // @ts-expect-error a port is a number or a range
  tcp("http");
  // @ts-expect-error icmp has no ports
  icmp(8);
  // @ts-expect-error expect takes nodes, not groups
  mesh.expect(people);
  // @ts-expect-error NAT kinds are named
  new LocalHost({ nat: "symmetric" });
  // @ts-expect-error a port is a number
  new SshHost("a", { port: "22" });
  // @ts-expect-error a target is needed
  new SshHost();
  // @ts-expect-error a droplet needs to know who may reach SSH
  new Droplet({ region: "fra1", size: "s" });
  // @ts-expect-error known after apply: it has no length
  droplet.publicIp.length;
  // @ts-expect-error known after apply: it is no number to + with
  hub.url + 1;
  // @ts-expect-error known after apply: it is not a text
  const url: string = hub.url;
  // @ts-expect-error only a coordinator has a URL
  mesh.node("a", new LocalHost()).url;
  // @ts-expect-error a stack returns its mesh
  defineStack("x", () => ({}));
  // @ts-expect-error an output is a text
  defineStack("x", () => ({ mesh, outputs: { count: 3 } }));
  // @ts-expect-error Spaces need a region
  state.spaces({ bucket: "b" });
  // @ts-expect-error names are frozen
  hub.name = "other";
  void url;
}
