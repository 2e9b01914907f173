// What an admin asks of a token, checked before it is signed: names, groups and addresses that a member could have.
import type { MeshModel, SelectorModel } from "../../../constructs/model.ts";
import { cidrContains } from "../../../protocol/addresses/cidr.ts";
import { parseIpv4 } from "../../../protocol/addresses/parse.ts";
import type { Ipv4Address } from "../../../protocol/brand.ts";
import { TunnelMeshError } from "../../../protocol/errors/error.ts";
import { labelField } from "../../../protocol/trust/fields.ts";
import type { MeshView } from "../../../protocol/trust/member.ts";
import type { CreateTokenParameters } from "./token-contract.ts";

export interface TokenFields {
  readonly groups: readonly string[];
  readonly names?: readonly string[];
  readonly ip4s?: readonly Ipv4Address[];
}

/** @throws TunnelMeshError TM_TOKEN_FIELD, TM_DEPLOY_NAME_TAKEN */
export function tokenFields(
  view: Pick<MeshView, "range" | "members">,
  { groups, names, ip4s }: Pick<CreateTokenParameters, "groups" | "names" | "ip4s">,
): TokenFields {
  for (const text of [...groups, ...names]) {
    if (!labelField.safeParse(text).success)
      throw new TunnelMeshError("TM_TOKEN_FIELD", { detail: `"${text}" is no name` });
  }
  const members = [...view.members.values()];
  const taken = members.find(({ name }) => names.includes(name));
  if (taken !== undefined) throw new TunnelMeshError("TM_DEPLOY_NAME_TAKEN", { detail: taken.name });
  const addresses = ip4s.map((text) => readAddress(view, text));
  const held = members.find(({ ip4 }) => ip4 !== undefined && addresses.includes(ip4));
  if (held !== undefined) throw new TunnelMeshError("TM_TOKEN_FIELD", { detail: `${held.ip4} is ${held.name}'s` });
  return {
    groups: [...new Set(groups)],
    ...(names.length === 0 ? {} : { names: [...new Set(names)] }),
    ...(addresses.length === 0 ? {} : { ip4s: [...new Set(addresses)] }),
  };
}

/** Those of `groups` that neither a member nor an allow line of the stack has: most often a slip of the pen. */
export function strangeGroups(
  {
    members,
    policy,
  }: { readonly members: readonly Pick<MeshModel["members"][number], "groups">[] } & {
    readonly policy: Pick<MeshModel["policy"], "allow">;
  },
  groups: readonly string[],
): readonly string[] {
  const named = (selector: SelectorModel) => (selector.kind === "group" ? [selector.name] : []);
  const known = new Set([
    ...members.flatMap((member) => member.groups),
    ...policy.allow.flatMap(({ from, to }) => [...named(from), ...named(to)]),
  ]);
  return groups.filter((group) => !known.has(group));
}

function readAddress({ range }: Pick<MeshView, "range">, text: string): Ipv4Address {
  let address: Ipv4Address;
  try {
    address = parseIpv4(text);
  } catch (cause) {
    throw new TunnelMeshError("TM_TOKEN_FIELD", { detail: `"${text}" is no IPv4 address`, cause });
  }
  if (cidrContains(range, address)) return address;
  throw new TunnelMeshError("TM_TOKEN_FIELD", { detail: `${text} is outside the mesh's range ${range}` });
}
