// Names that no token gives away: those that the stack has for its own members, also before their first deploy (life.md §2).
import type { MeshModel } from "../../../constructs/model.ts";

/** As the coordinator keeps them. */
export interface ReservedNames {
  readonly names: readonly string[];
  readonly ip4s: readonly string[];
}

/** A name that a member had keeps its place until the renaming is deployed. */
export function reservedNames({ members }: Pick<MeshModel, "members">): ReservedNames {
  const names = members.flatMap(({ name, formerly }) => (formerly === undefined ? [name] : [name, formerly]));
  return { names: [...new Set(names)].toSorted(), ip4s: [] };
}
