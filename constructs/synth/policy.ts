// Turns `allow` and `expect` lines into the policy of the model, in an order that does not depend on the file's.
import type { GroupRecord, MemberRecord, MeshRecord } from "../mesh.ts";
import type { PolicyModel, SelectorModel, ServiceModel } from "../model.ts";
import { recordOf } from "../record.ts";
import type { ServiceRecord } from "../service.ts";
import { isPort } from "./hosts.ts";
import { whyNoLabel } from "./members.ts";
import { parseRange } from "./range.ts";
import type { Refuse } from "./refuse.ts";
import { dnsLabel } from "./schema.ts";

/** @throws TunnelMeshError TM_STACK_VALUE, TM_STACK_PORT, TM_STACK_CIDR, TM_STACK_OTHER_MESH */
export function synthesizePolicy(mesh: MeshRecord, refuse: Refuse): PolicyModel {
  for (const { name, place } of mesh.groups) {
    if (typeof name === "string" && dnsLabel.test(name)) continue;
    throw refuse("TM_STACK_VALUE", { what: `group ${JSON.stringify(name)}`, place }, whyNoLabel(name));
  }
  const allow = mesh.allow.map(({ from, to, services, place }) => {
    const where = { what: "allow", place };
    if (services.length === 0) throw refuse("TM_STACK_VALUE", where, "it names no service, as tcp(22)");
    return {
      from: select(from, mesh, where, refuse),
      to: select(to, mesh, where, refuse),
      services: sortUnique(services.map((service) => synthesizeService(service, where, refuse))),
    };
  });
  const expect = mesh.expect.map(({ from, to, service, reach, place }) => {
    const where = { what: "expect", place };
    return {
      from: selectNode(from, mesh, where, refuse),
      to: selectNode(to, mesh, where, refuse),
      service: synthesizeService(service, where, refuse),
      reach,
    };
  });
  return { allow: sortUnique(allow), expect: sortUnique(expect) };
}

function select(peer: unknown, mesh: MeshRecord, where: Parameters<Refuse>[1], refuse: Refuse): SelectorModel {
  if (typeof peer === "string") {
    const range = parseRange(peer);
    if (typeof range === "string") throw refuse("TM_STACK_CIDR", where, `${peer}: ${range}`);
    return { kind: "cidr", cidr: range.text };
  }
  const group = recordOf<GroupRecord>(peer, "group");
  if (group === undefined) return { kind: "node", name: selectNode(peer, mesh, where, refuse) };
  if (group.mesh !== mesh) {
    throw refuse("TM_STACK_OTHER_MESH", where, `group ${group.name} belongs to another mesh`);
  }
  return { kind: "group", name: group.name };
}

function selectNode(peer: unknown, mesh: MeshRecord, where: Parameters<Refuse>[1], refuse: Refuse): string {
  const node = recordOf<MemberRecord>(peer, "node");
  if (node === undefined)
    throw refuse("TM_STACK_VALUE", where, "it takes nodes of this mesh; allow also groups and ranges");
  if (node.mesh !== mesh) throw refuse("TM_STACK_OTHER_MESH", where, `node ${node.name} belongs to another mesh`);
  return node.name;
}

function synthesizeService(service: unknown, where: Parameters<Refuse>[1], refuse: Refuse): ServiceModel {
  const record = recordOf<ServiceRecord>(service, "service");
  if (record === undefined) throw refuse("TM_STACK_VALUE", where, "a service is what tcp(…), udp(…) or icmp gives");
  const ports = record.ports.map((port) => {
    const range = parsePorts(port);
    if (range === undefined) {
      throw refuse("TM_STACK_PORT", where, `${record.protocol}(${JSON.stringify(port)}) is no port from 1 to 65535`);
    }
    return range;
  });
  return { protocol: record.protocol, ports: ports.toSorted((left, right) => left.from - right.from) };
}

function parsePorts(port: unknown): { from: number; to: number } | undefined {
  const [, first, last] = /^(\d{1,5})-(\d{1,5})$/.exec(String(port)) ?? [undefined, port, port];
  const range = {
    from: typeof first === "string" ? Number(first) : first,
    to: typeof last === "string" ? Number(last) : last,
  };
  if (!isPort(range.from) || !isPort(range.to) || range.from > range.to) return undefined;
  return { from: range.from, to: range.to };
}

function sortUnique<T>(values: readonly T[]): T[] {
  const byText = new Map(values.map((value) => [JSON.stringify(value), value]));
  return [...byText.keys()].toSorted().map((text) => byText.get(text) as T);
}
