// /v2/tags: names that droplets and volumes bear.
import { z } from "zod";
import type { CloudState } from "../state.ts";
import { bare, type Call, notFound, page, type Route, route, unprocessable } from "./route.ts";
import { nothing, pageSchema } from "./schemas.ts";

const count = z.strictObject({ count: z.int() });
const tagSchema = z.strictObject({
  name: z.string(),
  resources: count.extend({
    droplets: count,
    images: count,
    volumes: count,
    volume_snapshots: count,
    databases: count,
  }),
});
const resourcesSchema = z.object({
  resources: z
    .array(z.object({ resource_id: z.string(), resource_type: z.enum(["droplet", "volume"]) }))
    .min(1)
    .max(100),
});

function render(cloud: CloudState, name: string): z.output<typeof tagSchema> {
  const droplets = Object.values(cloud.droplets).filter(({ tags }) => tags.includes(name)).length;
  const volumes = Object.values(cloud.volumes).filter(({ tags }) => tags.includes(name)).length;
  const none = { count: 0 };
  return {
    name,
    resources: {
      count: droplets + volumes,
      droplets: { count: droplets },
      volumes: { count: volumes },
      images: none,
      volume_snapshots: none,
      databases: none,
    },
  };
}

function known(call: Call): string {
  const name = call.params["name"] ?? "";
  if (!call.cloud.tags.includes(name)) throw notFound();
  return name;
}

/** Droplets and volumes that a request names. */
function bearers(cloud: CloudState, { resources }: z.output<typeof resourcesSchema>): { tags: string[] }[] {
  return resources.map(({ resource_id, resource_type }) => {
    const found = resource_type === "droplet" ? cloud.droplets[resource_id] : cloud.volumes[resource_id];
    if (found === undefined) throw unprocessable(`${resource_type} ${resource_id} does not exist`);
    return found;
  });
}

export const tagRoutes: readonly Route[] = [
  route({
    method: "POST",
    path: "/v2/tags",
    request: z.object({ name: z.string().regex(/^[a-zA-Z0-9:\-_]{1,255}$/, "Name is invalid") }),
    response: z.strictObject({ tag: tagSchema }),
    answer(call, { name }) {
      if (!call.cloud.tags.includes(name)) call.cloud.tags.push(name);
      return { status: 201, body: { tag: render(call.cloud, name) } };
    },
  }),
  bare({
    method: "GET",
    path: "/v2/tags",
    response: pageSchema("tags", tagSchema),
    answer: (call) =>
      page(
        call,
        "tags",
        call.cloud.tags.map((name) => render(call.cloud, name)),
        "/v2/tags",
      ),
  }),
  bare({
    method: "GET",
    path: "/v2/tags/:name",
    response: z.strictObject({ tag: tagSchema }),
    answer: (call) => ({ status: 200, body: { tag: render(call.cloud, known(call)) } }),
  }),
  bare({
    method: "DELETE",
    path: "/v2/tags/:name",
    response: nothing,
    answer(call) {
      const name = known(call);
      call.cloud.tags = call.cloud.tags.filter((one) => one !== name);
      for (const bearer of [...Object.values(call.cloud.droplets), ...Object.values(call.cloud.volumes)]) {
        bearer.tags = bearer.tags.filter((one) => one !== name);
      }
      call.effect({ kind: "apply-network" });
      return { status: 204 };
    },
  }),
  route({
    method: "POST",
    path: "/v2/tags/:name/resources",
    request: resourcesSchema,
    response: nothing,
    answer(call, body) {
      const name = known(call);
      for (const bearer of bearers(call.cloud, body)) bearer.tags = [...new Set([...bearer.tags, name])];
      call.effect({ kind: "apply-network" });
      return { status: 204 };
    },
  }),
  route({
    method: "DELETE",
    path: "/v2/tags/:name/resources",
    request: resourcesSchema,
    response: nothing,
    answer(call, body) {
      const name = known(call);
      for (const bearer of bearers(call.cloud, body)) bearer.tags = bearer.tags.filter((one) => one !== name);
      call.effect({ kind: "apply-network" });
      return { status: 204 };
    },
  }),
];
