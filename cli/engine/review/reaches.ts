// Many pairs with a service between them, as few lines: whoever reaches the same in the same way stands in one.
import type { ServiceModel } from "../../../constructs/model.ts";
import { describeService } from "./access.ts";
import type { PlanReach } from "./plan.ts";
import { joinServices, listServices } from "./services.ts";

type Ends = readonly string[];

/** Collects pairs, service by service: what many have in common is one line, whatever else each of them has. */
export class Reaches {
  readonly #byService = new Map<string, { readonly service: ServiceModel; readonly to: Map<Ends, Ends[]> }>();

  /** @param services one range of ports, or none, in each */
  add(from: Ends, to: Ends, services: readonly ServiceModel[]): void {
    for (const service of services) {
      const text = describeService(service);
      const entry = this.#byService.get(text) ?? { service, to: new Map<Ends, Ends[]>() };
      this.#byService.set(text, entry);
      const targets = entry.to.get(from);
      if (targets === undefined) entry.to.set(from, [to]);
      else targets.push(to);
    }
  }

  /** Sorted, for the same text everywhere. Each of `from` reaches each of `to`, but nobody itself. */
  list(): readonly Omit<PlanReach, "words">[] {
    const lines = [...this.#byService.values()].flatMap(({ service, to }) => {
      const byTargets = Map.groupBy(to, ([, targets]) => targets.flat().toSorted().join("\n"));
      return [...byTargets].flatMap(([targets, sources]) => {
        const line = withoutItself(sources.flatMap(([from]) => from).toSorted(), targets.split("\n"));
        return line.from.length === 0 ? [] : [{ ...line, service }];
      });
    });
    const alike = Map.groupBy(lines, ({ from, to }) => `${from.join("\n")}\n\n${to.join("\n")}`);
    return [...alike.values()]
      .map((group) => {
        const { from, to } = group[0]!;
        const services = listServices(joinServices(group.map(({ service }) => service)));
        return { from, to, services: services.map(describeService) };
      })
      .toSorted((left, right) => (JSON.stringify(left) < JSON.stringify(right) ? -1 : 1));
  }
}

/** Where one side is a single name, it is no news on the other. */
function withoutItself(from: readonly string[], to: readonly string[]): { from: string[]; to: string[] } {
  const others = (names: readonly string[], side: readonly string[]) =>
    side.length === 1 ? names.filter((name) => name !== side[0]) : [...names];
  return { from: others(from, to), to: from.length === 1 && to.length > 1 ? others(to, from) : [...to] };
}
