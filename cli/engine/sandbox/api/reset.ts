// Not of the service: empties the sandbox's cloud, which goes on with its address and its token.
import { z } from "zod";
import { defaultProject } from "./droplets.ts";
import { bare, type Route } from "./route.ts";

/** How many droplets are on their way out; they are gone when the list of droplets is empty. */
export const resetSchema = z.strictObject({ droplets: z.int() });

export const resetRoutes: readonly Route[] = [
  bare({
    method: "POST",
    path: "/sandbox/reset",
    response: resetSchema,
    answer({ cloud, effect }) {
      const project = { ...defaultProject(cloud), urns: [] };
      const droplets = Object.values(cloud.droplets);
      Object.assign(cloud, { firewalls: {}, vpcs: {}, keys: {}, tags: [], reservedIps: {}, domains: {} });
      Object.assign(cloud, { projects: { [project.id]: project }, volumes: {}, actions: {}, faults: [] });
      effect({ kind: "release" });
      for (const droplet of droplets) {
        // One that is still being made ends as one that is gone too: it is not "new" any more.
        Object.assign(droplet, { status: "off", locked: true });
        effect({ kind: "delete-droplet", id: droplet.id });
      }
      effect({ kind: "apply-network" });
      return { status: 202, body: { droplets: droplets.length } };
    },
  }),
];
