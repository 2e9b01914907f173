// Three machines made here, one mesh: what `npm run quickstart` deploys, and a stack to copy.
import { defineStack, icmp, LocalHost, Mesh, tcp } from "tunnelmesh";

export default defineStack("quickstart", () => {
  const mesh = new Mesh({ admins: ["../keys/quickstart.pub"] });
  const all = mesh.group("all");

  mesh.coordinator("alpha", new LocalHost(), { groups: [all] });
  mesh.node("beta", new LocalHost(), { groups: [all] });
  mesh.node("gamma", new LocalHost(), { groups: [all] });

  mesh.allow(all, all, icmp, tcp(22));
  return { mesh };
});
