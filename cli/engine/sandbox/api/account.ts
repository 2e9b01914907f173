// /v2/account, /v2/account/keys, and the catalogue: regions, sizes, images.
import { createHash } from "node:crypto";
import { z } from "zod";
import { catalogue } from "../catalogue.ts";
import type { CloudState, KeyRecord } from "../state.ts";
import { dropletLimit, renderAction } from "./droplets.ts";
import { reservedIpLimit } from "./reserved-ips.ts";
import { bare, type Call, notFound, page, type Route, route, unprocessable } from "./route.ts";
import { actionAnswer, actionSchema, imageSchema, nothing, pageSchema, regionSchema, sizeSchema } from "./schemas.ts";

const keySchema = z.strictObject({
  id: z.int().min(1),
  name: z.string(),
  fingerprint: z.string().regex(/^([0-9a-f]{2}:){15}[0-9a-f]{2}$/),
  public_key: z.string(),
});
const response = z.strictObject({ ssh_key: keySchema });

/** By number, or by fingerprint. */
function find(cloud: CloudState, wanted: string | undefined): KeyRecord {
  const key = Object.values(cloud.keys).find(({ id, fingerprint }) => String(id) === wanted || fingerprint === wanted);
  if (key === undefined) throw notFound();
  return key;
}

const accountSchema = z.strictObject({
  uuid: z.string(),
  name: z.string(),
  email: z.email(),
  email_verified: z.boolean(),
  status: z.enum(["active", "warning", "locked"]),
  status_message: z.string(),
  droplet_limit: z.int(),
  floating_ip_limit: z.int(),
  team: z.strictObject({ uuid: z.string(), name: z.string() }),
});

const account: z.output<typeof accountSchema> = {
  uuid: "5a4d0b0c-0000-4000-8000-000000000001",
  name: "Sandbox",
  email: "sandbox@example.org",
  email_verified: true,
  status: "active",
  status_message: "",
  droplet_limit: dropletLimit,
  floating_ip_limit: reservedIpLimit,
  team: { uuid: "5a4d0b0c-0000-4000-8000-000000000002", name: "Sandbox" },
};

/** What is asked for: "distribution" for what comes from a distribution; private are images of one's own, and there are none. */
function imagesFor(query: URLSearchParams) {
  if (query.get("private") === "true" || query.get("type") === "application") return [];
  return catalogue.images;
}

export const accountRoutes: readonly Route[] = [
  bare({
    method: "GET",
    path: "/v2/account",
    response: z.strictObject({ account: accountSchema }),
    answer: () => ({ status: 200, body: { account } }),
  }),
  route({
    method: "POST",
    path: "/v2/account/keys",
    request: z.object({ name: z.string().min(1).max(255), public_key: z.string().max(16_384) }),
    response,
    answer(call: Call, { name, public_key }) {
      const blob = public_key.trim().split(/\s+/)[1];
      if (blob === undefined || !/^[A-Za-z0-9+/]{40,}={0,2}$/.test(blob))
        throw unprocessable("Key invalid, key should be of the format `ssh-rsa AAAA…`");
      const md5 = createHash("md5").update(Buffer.from(blob, "base64")).digest("hex");
      const fingerprint = md5.replace(/(..)(?!$)/g, "$1:");
      if (Object.values(call.cloud.keys).some((key) => key.fingerprint === fingerprint)) {
        throw unprocessable("SSH Key is already in use on your account");
      }
      const id = call.cloud.nextId++;
      const key: KeyRecord = { id, name, public_key, fingerprint };
      call.cloud.keys[id] = key;
      return { status: 201, body: { ssh_key: key } };
    },
  }),
  bare({
    method: "GET",
    path: "/v2/account/keys",
    response: pageSchema("ssh_keys", keySchema),
    answer: (call) => page(call, "ssh_keys", Object.values(call.cloud.keys), "/v2/account/keys"),
  }),
  bare({
    method: "GET",
    path: "/v2/account/keys/:id",
    response,
    answer: (call) => ({ status: 200, body: { ssh_key: find(call.cloud, call.params["id"]) } }),
  }),
  route({
    method: "PUT",
    path: "/v2/account/keys/:id",
    request: z.object({ name: z.string().min(1).max(255) }),
    response,
    answer: (call, { name }) => ({
      status: 200,
      body: { ssh_key: Object.assign(find(call.cloud, call.params["id"]), { name }) },
    }),
  }),
  bare({
    method: "DELETE",
    path: "/v2/account/keys/:id",
    response: nothing,
    answer(call) {
      delete call.cloud.keys[find(call.cloud, call.params["id"]).id];
      return { status: 204 };
    },
  }),
  bare({
    method: "GET",
    path: "/v2/regions",
    response: pageSchema("regions", regionSchema),
    answer: (call) => page(call, "regions", catalogue.regions, "/v2/regions"),
  }),
  bare({
    method: "GET",
    path: "/v2/sizes",
    response: pageSchema("sizes", sizeSchema),
    answer: (call) => page(call, "sizes", catalogue.sizes, "/v2/sizes"),
  }),
  bare({
    method: "GET",
    path: "/v2/images",
    response: pageSchema("images", imageSchema),
    answer: (call) => page(call, "images", imagesFor(call.query), "/v2/images"),
  }),
  bare({
    method: "GET",
    path: "/v2/images/:id",
    response: z.strictObject({ image: imageSchema }),
    answer(call) {
      const wanted = call.params["id"];
      const image = catalogue.images.find(({ id, slug }) => String(id) === wanted || slug === wanted);
      if (image === undefined) throw notFound();
      return { status: 200, body: { image } };
    },
  }),
  bare({
    method: "GET",
    path: "/v2/actions",
    response: pageSchema("actions", actionSchema),
    answer: (call) =>
      page(call, "actions", Object.values(call.cloud.actions).toReversed().map(renderAction), "/v2/actions"),
  }),
  bare({
    method: "GET",
    path: "/v2/actions/:id",
    response: actionAnswer,
    answer(call) {
      const action = call.cloud.actions[call.params["id"] ?? ""];
      if (action === undefined) throw notFound();
      return { status: 200, body: { action: renderAction(action) } };
    },
  }),
];
