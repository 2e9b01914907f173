// The stack's policy, one line per rule, as a reviewer reads it.
import type { PolicyModel, SelectorModel, ServiceModel } from "../../../constructs/model.ts";

/** "group people may reach group storage: tcp 22 443". */
export function describeRules(allow: PolicyModel["allow"]): string[] {
  return allow.map(
    ({ from, to, services }) =>
      `${describeSelector(from)} may reach ${describeSelector(to)}: ${services.map(describeService).join(", ")}`,
  );
}

function describeSelector(selector: SelectorModel): string {
  if (selector.kind === "cidr") return selector.cidr;
  return `${selector.kind} ${selector.name}`;
}

/** "tcp 22 8000-9000", "udp all ports", "icmp". */
export function describeService({ protocol, ports }: ServiceModel): string {
  if (protocol === "icmp") return "icmp";
  const shown = ports.map(({ from, to }) => (from === to ? String(from) : `${from}-${to}`));
  return `${protocol} ${shown.length === 0 ? "all ports" : shown.join(" ")}`;
}
