// The text of resolv.conf: one marked block of ours before everything else, put in and taken out without touching the rest.

const begin = (mesh: string): string =>
  `# tunnelmesh ${mesh}: begin; taken out again when the mesh stops on this host\n`;
const end = (mesh: string): string => `# tunnelmesh ${mesh}: end\n`;

/** Our resolver first; the servers of the host stay behind it, for when the agent is gone. */
export function insertBlock(text: string, mesh: string, server: string): string {
  return `${begin(mesh)}nameserver ${server}\n${end(mesh)}${removeBlock(text, mesh)}`;
}

/** The text without our block; unchanged where there is none. */
export function removeBlock(text: string, mesh: string): string {
  const from = text.indexOf(begin(mesh));
  if (from === -1) return text;
  const to = text.indexOf(end(mesh), from);
  return to === -1 ? text : text.slice(0, from) + text.slice(to + end(mesh).length);
}

export function hasBlock(text: string, mesh: string): boolean {
  return removeBlock(text, mesh) !== text;
}

/** The addresses behind `nameserver`, in order, a zone of IPv6 left on (resolv.conf(5)). */
export function nameserversOf(text: string): readonly string[] {
  return text.split("\n").flatMap((line) => /^\s*nameserver\s+([0-9a-fA-F:.]+(?:%\S+)?)/.exec(line)?.[1] ?? []);
}

/** Says whether names are resolved by systemd-resolved, which then takes its servers per interface. */
export function usesResolved(text: string): boolean {
  const servers = nameserversOf(text);
  return servers.length > 0 && servers.every((server) => server === "127.0.0.53" || server === "127.0.0.54");
}
