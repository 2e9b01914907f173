// /v2/account, /v2/account/keys, and the catalogue: regions, sizes, images.
import { createHash } from "node:crypto";
import { z } from "zod";
import { hourly, images, regions, sizes } from "../catalogue.ts";
import type { CloudState, KeyRecord } from "../state.ts";
import { bare, type Call, notFound, page, type Route, route, unprocessable } from "./route.ts";

const keySchema = z.object({ id: z.int().min(1), name: z.string(), fingerprint: z.string(), public_key: z.string() });
const response = z.object({ ssh_key: keySchema });

/** By number, or by fingerprint. */
function find(cloud: CloudState, wanted: string | undefined): KeyRecord {
  const key = Object.values(cloud.keys).find(({ id, fingerprint }) => String(id) === wanted || fingerprint === wanted);
  if (key === undefined) throw notFound();
  return key;
}

const allRegions = regions.map((region) => ({
  ...region,
  available: true,
  features: ["ipv6"],
  sizes: sizes.map(({ slug }) => slug),
}));
const allSizes = sizes.map((size) => ({
  ...size,
  price_hourly: hourly(size.price_monthly),
  transfer: 1,
  available: true,
  regions: regions.map(({ slug }) => slug),
  description: "Basic",
}));
const allImages = images.map((image) => ({
  ...image,
  public: true,
  type: "base",
  status: "available",
  regions: regions.map(({ slug }) => slug),
}));

export const accountRoutes: readonly Route[] = [
  bare({
    method: "GET",
    path: "/v2/account",
    answer: () => ({
      status: 200,
      body: {
        account: {
          uuid: "sandbox",
          email: "sandbox@example.org",
          status: "active",
          droplet_limit: 25,
          email_verified: true,
        },
      },
    }),
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
    answer(call) {
      delete call.cloud.keys[find(call.cloud, call.params["id"]).id];
      return { status: 204 };
    },
  }),
  bare({ method: "GET", path: "/v2/regions", answer: (call) => page(call, "regions", allRegions, "/v2/regions") }),
  bare({ method: "GET", path: "/v2/sizes", answer: (call) => page(call, "sizes", allSizes, "/v2/sizes") }),
  bare({ method: "GET", path: "/v2/images", answer: (call) => page(call, "images", allImages, "/v2/images") }),
  bare({
    method: "GET",
    path: "/v2/images/:id",
    answer(call) {
      const image = allImages.find(({ id, slug }) => String(id) === call.params["id"] || slug === call.params["id"]);
      if (image === undefined) throw notFound();
      return { status: 200, body: { image } };
    },
  }),
  bare({
    method: "GET",
    path: "/v2/actions/:id",
    answer(call) {
      const action = call.cloud.actions[call.params["id"] ?? ""];
      if (action === undefined) throw notFound();
      return { status: 200, body: { action: { ...action, region: { slug: action.region_slug } } } };
    },
  }),
];
