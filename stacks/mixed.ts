// Droplets, a server that exists and a machine made here in one mesh.
import { Droplet, defineStack, icmp, LocalHost, Mesh, SshHost, tcp } from "tunnelmesh";

export default defineStack("mixed", () => {
  const mesh = new Mesh({ admins: ["../keys/admin.pub"] });
  const all = mesh.group("all");

  mesh.coordinator("hub", new Droplet({ region: "fra1", size: "s-1vcpu-1gb", ssh: ["203.0.113.7/32"] }), {
    groups: [all],
  });
  mesh.node("storage", new SshHost("admin@192.168.1.20"), { groups: [all] });
  mesh.node("workshop", new LocalHost({ internet: true }), { groups: [all] });

  mesh.allow(all, all, icmp, tcp(22));
  return { mesh };
});
