// Where peers are expected: a flood of handshakes from anywhere else must not keep them out.
import type { Link } from "./core.ts";

/** Addresses of all candidates and paths, without zone, each once, in a fixed order. */
export function expectedAddresses(links: Iterable<Link>): string[] {
  const addresses = new Set<string>();
  for (const { path, paths } of links) {
    const { reported, told, seen } = path.candidates;
    const chosen = path.direct.kind === "chosen" ? [path.direct.path] : [];
    for (const one of [...reported, ...told, ...seen, ...chosen, ...paths]) {
      if (one.kind === "direct") addresses.add(one.address.replace(/%.*$/, ""));
    }
  }
  return [...addresses].toSorted();
}
