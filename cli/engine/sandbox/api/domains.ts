// /v2/domains and their records.
import { z } from "zod";
import type { DomainRecord } from "../state.ts";
import { bare, type Call, notFound, page, type Route, route, unprocessable } from "./route.ts";
import { nothing, pageSchema } from "./schemas.ts";

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
const recordSchema = z.strictObject({
  id: z.int().min(1),
  type: z.string(),
  name: z.string(),
  data: z.string(),
  ttl: z.int(),
  priority: z.int().nullable(),
  port: z.int().nullable(),
  weight: z.int().nullable(),
  flags: z.int().nullable(),
  tag: z.string().nullable(),
});
const response = z.strictObject({ domain_record: recordSchema });
const domainSchema = z.strictObject({ name: z.string(), ttl: z.int(), zone_file: z.string() });
const domainAnswer = z.strictObject({ domain: domainSchema });

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

const soa = { ttl: 1800, priority: null, port: null, weight: null, flags: null, tag: null } as const;

/** A domain as its zone file has it. */
function render(name: string, records: readonly DomainRecord[]): z.output<typeof domainSchema> {
  const lines = records.map(
    (one) => `${one.name === "@" ? `${name}.` : one.name} ${one.ttl} IN ${one.type} ${one.data}`,
  );
  return { name, ttl: soa.ttl, zone_file: `${[`$ORIGIN ${name}.`, `$TTL ${soa.ttl}`, ...lines].join("\n")}\n` };
}

/** The service's names carry no dot at their end, in whatever way they were given. */
function plain({ type, data }: { readonly type: string; readonly data: string }): string {
  return ["CNAME", "MX", "NS", "SRV", "CAA"].includes(type) ? data.replace(/\.$/, "") : data;
}

export const domainRoutes: readonly Route[] = [
  route({
    method: "POST",
    path: "/v2/domains",
    request: z.object({ name: domainName, ip_address: z.union([z.ipv4(), z.literal("")]).optional() }),
    response: domainAnswer,
    answer(call, { name, ip_address: address = "" }) {
      if (call.cloud.domains[name] !== undefined) throw unprocessable("Domain already exists");
      const id = address === "" ? 0 : call.cloud.nextId++;
      call.cloud.domains[name] = address === "" ? [] : [{ ...soa, id, type: "A", name: "@", data: address }];
      return { status: 201, body: { domain: render(name, call.cloud.domains[name]) } };
    },
  }),
  bare({
    method: "GET",
    path: "/v2/domains",
    response: pageSchema("domains", domainSchema),
    answer(call) {
      const all = Object.entries(call.cloud.domains).map(([name, records]) => render(name, records));
      return page(call, "domains", all, "/v2/domains");
    },
  }),
  bare({
    method: "GET",
    path: "/v2/domains/:domain",
    response: domainAnswer,
    answer(call) {
      return { status: 200, body: { domain: render(call.params["domain"]!, recordsOf(call)) } };
    },
  }),
  bare({
    method: "DELETE",
    path: "/v2/domains/:domain",
    response: nothing,
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
      const record: DomainRecord = { id: call.cloud.nextId++, ...body, data: plain(body) };
      recordsOf(call).push(record);
      return { status: 201, body: { domain_record: record } };
    },
  }),
  bare({
    method: "GET",
    path: "/v2/domains/:domain/records",
    response: pageSchema("domain_records", recordSchema),
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
    answer(call, body) {
      const record = Object.assign(find(call), body);
      record.data = plain(record);
      return { status: 200, body: { domain_record: record } };
    },
  }),
  bare({
    method: "DELETE",
    path: "/v2/domains/:domain/records/:id",
    response: nothing,
    answer(call) {
      const { id } = find(call);
      call.cloud.domains[call.params["domain"]!] = recordsOf(call).filter((one) => one.id !== id);
      return { status: 204 };
    },
  }),
];
