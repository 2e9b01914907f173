// One route of the fake API: what it takes, and what it answers from the cloud's state.
import type { z } from "zod";
import type { CloudState } from "../state.ts";

/** The service's own words for what went wrong. */
export class ApiRefusal extends Error {
  override readonly name = "ApiRefusal";
  readonly status: number;
  readonly id: string;

  constructor(status: number, id: string, message: string) {
    super(message);
    this.status = status;
    this.id = id;
  }
}

export const notFound = (): ApiRefusal =>
  new ApiRefusal(404, "not_found", "The resource you were accessing could not be found.");
export const unprocessable = (message: string): ApiRefusal => new ApiRefusal(422, "unprocessable_entity", message);
export const conflict = (message: string): ApiRefusal => new ApiRefusal(409, "conflict", message);

/** What goes on after the answer, in the world of machines. */
export type Effect =
  | {
      readonly kind: "create-droplet";
      readonly id: number;
      readonly action: number;
      /** Seconds that it stays new and locked longer than it takes. */
      readonly stuck?: number;
      readonly errored?: boolean;
    }
  | { readonly kind: "delete-droplet"; readonly id: number; readonly stuck?: number }
  | { readonly kind: "droplet-action"; readonly id: number; readonly action: number; readonly type: string }
  | { readonly kind: "finish-action"; readonly action: number; readonly errored?: boolean }
  /** Firewalls, tags or addresses changed: what guards machines is looked at anew. */
  | { readonly kind: "apply-network" }
  /** Faults were taken out: what one keeps stuck goes on. */
  | { readonly kind: "release" };

export interface Call {
  /** A draft: changes stand when the answer is given. */
  readonly cloud: CloudState;
  /** Parts of the path that the pattern names. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  /** RFC 3339, whole seconds. */
  readonly now: string;
  uuid(): string;
  effect(effect: Effect): void;
}

export interface Answer {
  readonly status: number;
  /** Absent for 204. */
  readonly body?: Readonly<Record<string, unknown>>;
}

export interface Route {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** "/v2/droplets/:id" */
  readonly path: string;
  readonly request?: z.ZodType;
  /** Of the body of a success; `nothing` where there is none. */
  readonly response: z.ZodType;
  answer(call: Call, body: never): Answer;
}

/** A route whose body has the type that its schema says. */
export function route<B extends z.ZodType>(of: {
  readonly method: Route["method"];
  readonly path: string;
  readonly request: B;
  readonly response: z.ZodType;
  readonly answer: (call: Call, body: z.output<B>) => Answer;
}): Route {
  return of as unknown as Route;
}

/** A route without a body. */
export function bare(of: {
  readonly method: Route["method"];
  readonly path: string;
  readonly response: z.ZodType;
  readonly answer: (call: Call) => Answer;
}): Route {
  return of as unknown as Route;
}

const pageLimit = 200;

/** One page of a list with links in both directions, as the real one has them. */
export function page(call: Call, root: string, all: readonly unknown[], path: string): Answer {
  const size = Math.min(Math.max(Number(call.query.get("per_page") ?? 20) || 20, 1), pageLimit);
  const number = Math.max(Number(call.query.get("page") ?? 1) || 1, 1);
  const last = Math.max(Math.ceil(all.length / size), 1);
  const link = (to: number): string => `https://api.digitalocean.com${path}?page=${to}&per_page=${size}`;
  const pages = {
    ...(number > 1 ? { first: link(1), prev: link(number - 1) } : {}),
    ...(number < last ? { next: link(number + 1), last: link(last) } : {}),
  };
  return {
    status: 200,
    body: {
      [root]: all.slice((number - 1) * size, number * size),
      links: Object.keys(pages).length === 0 ? {} : { pages },
      meta: { total: all.length },
    },
  };
}
