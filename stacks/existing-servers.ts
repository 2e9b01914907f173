// Machines that exist and answer SSH: put in your own names, and your own public key at keys/admin.pub.
import { defineStack, icmp, Mesh, SshHost, tcp } from "tunnelmesh";

export default defineStack("servers", () => {
  const mesh = new Mesh({ admins: ["../keys/admin.pub"] });
  const people = mesh.group("people");
  const servers = mesh.group("servers");

  const hub = mesh.coordinator("hub", new SshHost("root@203.0.113.7"), { groups: [servers] });
  mesh.node("storage", new SshHost("admin@192.168.1.20"), { groups: [servers] });
  mesh.node("laptop", new SshHost("me@laptop.example.org", { port: 2222 }), { groups: [people] });

  mesh.allow(people, servers, icmp, tcp(22, 443));
  return { mesh, outputs: { coordinator: hub.url } };
});
