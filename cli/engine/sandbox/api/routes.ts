// All routes of the fake API.
import { accountRoutes } from "./account.ts";
import { domainRoutes } from "./domains.ts";
import { dropletActionRoutes } from "./droplet-actions.ts";
import { dropletRoutes } from "./droplets.ts";
import { faultRoutes } from "./faults.ts";
import { firewallRoutes } from "./firewalls.ts";
import { projectRoutes } from "./projects.ts";
import { reservedIpRoutes } from "./reserved-ips.ts";
import { resetRoutes } from "./reset.ts";
import type { Route } from "./route.ts";
import { tagRoutes } from "./tags.ts";
import { volumeRoutes } from "./volumes.ts";
import { vpcRoutes } from "./vpcs.ts";

export const routes: readonly Route[] = [
  ...accountRoutes,
  ...dropletRoutes,
  ...dropletActionRoutes,
  ...firewallRoutes,
  ...vpcRoutes,
  ...tagRoutes,
  ...reservedIpRoutes,
  ...domainRoutes,
  ...projectRoutes,
  ...volumeRoutes,
  ...faultRoutes,
  ...resetRoutes,
];

/** The route of a request with what its path names; "method" when only the method does not fit. */
export function matchRoute(
  method: string,
  path: string,
): { readonly route: Route; readonly params: Readonly<Record<string, string>> } | "method" | undefined {
  const parts = path.split("/");
  let other = false;
  for (const route of routes) {
    const pattern = route.path.split("/");
    if (pattern.length !== parts.length) continue;
    const fits = pattern.every((part, index) => part.startsWith(":") || part === parts[index]);
    if (!fits) continue;
    if (route.method !== method) {
      other = true;
      continue;
    }
    const named = pattern.flatMap((part, index) =>
      part.startsWith(":") ? [[part.slice(1), parts[index]!] as const] : [],
    );
    return { route, params: Object.fromEntries(named) };
  }
  return other ? "method" : undefined;
}
