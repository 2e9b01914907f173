// Turns the nodes of a mesh into members, sorted by name, each valid by itself and beside the others.
import type { GroupRecord, MemberRecord, MeshRecord } from "../mesh.ts";
import type { MemberModel } from "../model.ts";
import { recordOf } from "../record.ts";
import { synthesizeHost } from "./hosts.ts";
import { parseRange, type Range, rangeHolds, rangesOverlap } from "./range.ts";
import type { Refuse } from "./refuse.ts";
import { dnsLabel, nodePropsSchema, parseProps } from "./schema.ts";

/** @throws TunnelMeshError TM_STACK_MEMBER_NAME and what else a member can get wrong */
export function synthesizeMembers(mesh: MeshRecord, range: Range, refuse: Refuse): MemberModel[] {
  checkNames(mesh, refuse);
  const members = mesh.members.map((member) => synthesizeMember(member, range, refuse));
  checkFormerNames(mesh.members, members, refuse);
  checkTargets(mesh.members, members, range, refuse);
  return members.toSorted((left, right) => (left.name < right.name ? -1 : 1));
}

function checkNames(mesh: MeshRecord, refuse: Refuse): void {
  const seen = new Map<string, MemberRecord>();
  for (const member of mesh.members) {
    const where = { what: `${member.role} ${JSON.stringify(member.name)}`, place: member.place };
    if (typeof member.name !== "string" || !dnsLabel.test(member.name)) {
      throw refuse("TM_STACK_MEMBER_NAME", where, whyNoLabel(member.name));
    }
    const before = seen.get(member.name);
    if (before !== undefined) {
      const line = before.place ? ` on line ${before.place.line}` : "";
      throw refuse("TM_STACK_DUPLICATE_NAME", where, `the name is taken by a ${before.role}${line}`);
    }
    seen.set(member.name, member);
  }
  const coordinators = mesh.members.filter((member) => member.role === "coordinator");
  if (coordinators.length === 0) {
    throw refuse("TM_STACK_NO_COORDINATOR", { what: "mesh", place: mesh.place }, "no mesh.coordinator(…) in it");
  }
  const second = coordinators[1];
  if (second !== undefined) {
    throw refuse(
      "TM_STACK_SEVERAL_COORDINATORS",
      { what: `coordinator ${second.name}`, place: second.place },
      `${coordinators[0]?.name} is one already`,
    );
  }
}

/** Says what keeps `name` from being a DNS label. */
export function whyNoLabel(name: unknown): string {
  if (typeof name !== "string" || name === "") return "a name is a text that is not empty";
  if (name.length > 63) return `a name has at most 63 characters, this one ${name.length}`;
  return "a name has lower-case letters, digits and hyphens, and neither begins nor ends with a hyphen";
}

function synthesizeMember(member: MemberRecord, range: Range, refuse: Refuse): MemberModel {
  const where = { what: `${member.role} ${member.name}`, place: member.place };
  const parsed = parseProps(nodePropsSchema, member.props);
  if (!parsed.ok) throw refuse("TM_STACK_VALUE", where, parsed.why);
  const { groups = [], dnsNames = [], routes = [], formerly, url } = parsed.value;
  if (url !== undefined && member.role !== "coordinator") {
    throw refuse("TM_STACK_VALUE", where, "url: only a coordinator has one");
  }
  const names = groups.map((group) => {
    const record = recordOf<GroupRecord>(group, "group");
    if (record === undefined) throw refuse("TM_STACK_VALUE", where, "groups: takes what mesh.group(…) gives");
    if (record.mesh !== member.mesh) {
      throw refuse("TM_STACK_OTHER_MESH", where, `group ${record.name} belongs to another mesh`);
    }
    return record.name;
  });
  return {
    name: member.name,
    role: member.role,
    host: synthesizeHost(member, refuse),
    groups: [...new Set(names)].toSorted(),
    dnsNames: [...new Set(dnsNames)].toSorted(),
    routes: [...new Set(routes.map((route) => checkRoute(route, range, where, refuse)))].toSorted(),
    ...(formerly === undefined ? {} : { formerly }),
    ...(url === undefined ? {} : { url }),
  };
}

function checkRoute(route: string, range: Range, where: Parameters<Refuse>[1], refuse: Refuse): string {
  const parsed = parseRange(route);
  if (typeof parsed === "string") throw refuse("TM_STACK_CIDR", where, `route ${route}: ${parsed}`);
  if (rangesOverlap(parsed, range)) {
    throw refuse("TM_STACK_RANGE", where, `route ${route} overlaps the mesh's range ${range.text}`);
  }
  return parsed.text;
}

function checkFormerNames(records: readonly MemberRecord[], members: readonly MemberModel[], refuse: Refuse): void {
  const seen = new Map<string, string>();
  for (const [index, { name, formerly }] of members.entries()) {
    if (formerly === undefined) continue;
    const where = { what: `${records[index]?.role} ${name}`, place: records[index]?.place };
    if (!dnsLabel.test(formerly)) throw refuse("TM_STACK_FORMERLY", where, whyNoLabel(formerly));
    if (members.some((member) => member.name === formerly)) {
      throw refuse("TM_STACK_FORMERLY", where, `${formerly} is still a member of this stack`);
    }
    const other = seen.get(formerly);
    if (other !== undefined) throw refuse("TM_STACK_FORMERLY", where, `${other} was formerly ${formerly} too`);
    seen.set(formerly, name);
  }
}

function checkTargets(
  records: readonly MemberRecord[],
  members: readonly MemberModel[],
  range: Range,
  refuse: Refuse,
): void {
  const seen = new Map<string, string>();
  for (const [index, { name, host }] of members.entries()) {
    if (host.kind !== "ssh") continue;
    const where = { what: `host of ${name}`, place: records[index]?.place };
    const machine = host.target.slice(host.target.lastIndexOf("@") + 1).toLowerCase();
    if (rangeHolds(range, machine)) {
      throw refuse("TM_STACK_RANGE", where, `${machine} lies in the mesh's own range ${range.text}`);
    }
    const key = `${machine} ${host.port ?? ""}`;
    const other = seen.get(key);
    if (other !== undefined) throw refuse("TM_STACK_SAME_HOST", where, `${other} is on ${host.target} too`);
    seen.set(key, name);
  }
}
