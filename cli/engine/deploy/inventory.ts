// tm inventory: the members of a mesh with their addresses, groups and keys, and how this machine reaches them; connects to nothing.
import type { MemberModel } from "../../../constructs/model.ts";
import type { Member } from "../../../protocol/trust/member.ts";
import { resolveForUser } from "../ssh/resolve.ts";
import type { InventoryHost, MeshInventory } from "./around-contract.ts";
import { rememberMesh } from "./known-mesh.ts";
import { addedMembers } from "./members.ts";
import { findPlaces, type HostPlaces, sshTarget } from "./reach.ts";
import { withRun } from "./run.ts";

/** Lists the members; see the contract. */
export const meshInventory: MeshInventory = (context) =>
  withRun(context, async (run) => {
    const { model } = run;
    const known = await rememberMesh(run);
    const { view } = known;
    const places = await findPlaces(model, run.reachOptions);
    const { members: added } = await addedMembers(run, known);
    const described = new Map([...added, ...model.members].map((member) => [member.name, member]));
    const loginFiles = run.reachOptions.connectOptions.identityFiles ?? [];
    const toHost = async (member: Member): Promise<InventoryHost> => {
      const { name, ip4, ip6, groups, sshPublicKey } = member;
      const host = described.get(name);
      const ssh = host === undefined ? undefined : await reachedHow(host, places, loginFiles);
      return {
        name,
        role: host?.role ?? "node",
        dnsName: `${name}.${view.domain}`,
        ...(ip4 === undefined ? {} : { ip4 }),
        ip6,
        groups: groups.toSorted(),
        hostKey: sshPublicKey,
        ...(ssh === undefined ? {} : { ssh }),
      };
    };
    const hosts = await Promise.all([...view.members.values()].filter(({ via }) => via === undefined).map(toHost));
    const byName = hosts.toSorted((left, right) => (left.name < right.name ? -1 : 1));
    return { mesh: model.name, meshId: view.meshId, stage: model.stage, hosts: byName };
  });

async function reachedHow(
  member: MemberModel,
  places: HostPlaces,
  loginFiles: readonly string[],
): Promise<InventoryHost["ssh"]> {
  const { name, host } = member;
  if (host.kind === "droplet" && !places.droplets.has(name)) return undefined;
  if (host.kind === "local" && !places.locals.has(name)) return undefined;
  const { target, port } = sshTarget(member, places);
  const resolved = await resolveForUser({ target, ...(port === undefined ? {} : { port }) });
  return {
    host: resolved.host,
    port: resolved.port,
    user: resolved.user,
    identityFiles: [...new Set([...loginFiles, ...(resolved.identityFiles ?? [])])],
    jumps: resolved.jumps,
  };
}
