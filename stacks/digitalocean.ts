// A mesh on DigitalOcean: a coordinator with an address of its own, and a machine in each of two regions.
import { Droplet, defineStack, icmp, Mesh, state, tcp } from "tunnelmesh";

export default defineStack("cloud", ({ stage }) => {
  const mesh = new Mesh({ admins: ["../keys/admin.pub"] });
  const servers = mesh.group("servers");
  // Who may reach SSH: put in your own address.
  const cloud = { size: "s-1vcpu-1gb", ssh: ["203.0.113.7/32"] } as const;

  const hub = mesh.coordinator("hub", new Droplet({ ...cloud, region: "fra1", reservedIp: true }));
  for (const region of ["ams3", "nyc3"]) {
    mesh.node(`server-${region}`, new Droplet({ ...cloud, region }), { groups: [servers] });
  }

  mesh.allow(servers, servers, icmp, tcp(22, 443));
  return { mesh, state: state.local(), protect: stage === "prod", outputs: { coordinator: hub.url } };
});
