// /v2/domains and their records.
import { z } from "zod";
import type { DomainRecord } from "../state.ts";
import { bare, type Call, notFound, page, type Route, route, unprocessable } from "./route.ts";

const domainName = z.string().regex(/^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/, "Name is not a domain");
const recordBody = z.object({
  type: z.enum(["A", "AAAA", "CAA", "CNAME", "MX", "NS", "SOA", "SRV", "TXT"]),
  name: z.string().min(1).max(255),
  data: z.string().min(1).max(4096),
  ttl: z.int().min(30).max(2_147_483_647).default(1800),
  priority: z.int().nullable().default(null),
  port: z.int().nullable().default(null),
  weight: z.int().nullable().default(null),
  flags: z.int().nullable().default(null),
  tag: z.string().nullable().default(null),
});
const response = z.object({ domain_record: recordBody.extend({ id: z.int().min(1) }) });

function recordsOf(call: Call): DomainRecord[] {
  const records = call.cloud.domains[call.params["domain"] ?? ""];
  if (records === undefined) throw notFound();
  return records;
}

function find(call: Call): DomainRecord {
  const record = recordsOf(call).find(({ id }) => String(id) === call.params["id"]);
  if (record === undefined) throw notFound();
  return record;
}

const render = (name: string) => ({ name, ttl: 1800, zone_file: `$ORIGIN ${name}.\n` });

export const domainRoutes: readonly Route[] = [
  route({
    method: "POST",
    path: "/v2/domains",
    request: z.object({ name: domainName, ip_address: z.string().optional() }),
    answer(call, { name }) {
      if (call.cloud.domains[name] !== undefined) throw unprocessable("Domain already exists");
      call.cloud.domains[name] = [];
      return { status: 201, body: { domain: render(name) } };
    },
  }),
  bare({
    method: "GET",
    path: "/v2/domains",
    answer: (call) => page(call, "domains", Object.keys(call.cloud.domains).map(render), "/v2/domains"),
  }),
  bare({
    method: "GET",
    path: "/v2/domains/:domain",
    answer(call) {
      recordsOf(call);
      return { status: 200, body: { domain: render(call.params["domain"]!) } };
    },
  }),
  bare({
    method: "DELETE",
    path: "/v2/domains/:domain",
    answer(call) {
      recordsOf(call);
      delete call.cloud.domains[call.params["domain"]!];
      return { status: 204 };
    },
  }),
  route({
    method: "POST",
    path: "/v2/domains/:domain/records",
    request: recordBody,
    response,
    answer(call, body) {
      const record: DomainRecord = { id: call.cloud.nextId++, ...body };
      recordsOf(call).push(record);
      return { status: 201, body: { domain_record: record } };
    },
  }),
  bare({
    method: "GET",
    path: "/v2/domains/:domain/records",
    answer: (call) => page(call, "domain_records", recordsOf(call), `/v2/domains/${call.params["domain"]}/records`),
  }),
  bare({
    method: "GET",
    path: "/v2/domains/:domain/records/:id",
    response,
    answer: (call) => ({ status: 200, body: { domain_record: find(call) } }),
  }),
  route({
    method: "PUT",
    path: "/v2/domains/:domain/records/:id",
    request: recordBody.partial(),
    response,
    answer: (call, body) => ({ status: 200, body: { domain_record: Object.assign(find(call), body) } }),
  }),
  bare({
    method: "DELETE",
    path: "/v2/domains/:domain/records/:id",
    answer(call) {
      const { id } = find(call);
      call.cloud.domains[call.params["domain"]!] = recordsOf(call).filter((one) => one.id !== id);
      return { status: 204 };
    },
  }),
];
