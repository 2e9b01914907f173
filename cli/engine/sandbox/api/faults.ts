// Faults that were asked for: which one a request or an action meets, and that each is met as often as it was told.
import { z } from "zod";
import type { CloudState, FaultRecord } from "../state.ts";
import { bare, type Route, route } from "./route.ts";

/** Faults of a request: it is refused, fails, is too much, or takes long. */
const requestKinds: readonly FaultRecord["kind"][] = ["refuse", "fail", "throttle", "slow"];

/** What a kind means when nothing more is said about it. */
const defaults: Readonly<Record<FaultRecord["kind"], { readonly on: string; readonly value: number }>> = {
  refuse: { on: "POST /v2/droplets", value: 0 },
  fail: { on: "POST /v2/droplets", value: 0 },
  throttle: { on: "POST /v2/", value: 1 },
  slow: { on: "POST /v2/", value: 5_000 },
  stuck: { on: "create", value: 3_600 },
  errored: { on: "", value: 0 },
};

/** Takes the fault that a request meets off the draft. */
export function spendRequestFault(cloud: CloudState, request: string): FaultRecord | undefined {
  return spend(cloud, (fault) => requestKinds.includes(fault.kind) && request.startsWith(fault.on));
}

/** Takes the fault that an action of this type meets off the draft: "create", "delete", "resize", "assign_ip", "attach_volume" … */
export function spendActionFault(
  cloud: CloudState,
  kind: "stuck" | "errored",
  action: string,
): FaultRecord | undefined {
  return spend(cloud, (fault) => fault.kind === kind && (fault.on === "" || fault.on === action));
}

function spend(cloud: CloudState, matches: (fault: FaultRecord) => boolean): FaultRecord | undefined {
  const met = cloud.faults.find((fault) => fault.times > 0 && matches(fault));
  if (met === undefined) return undefined;
  met.times -= 1;
  cloud.faults = cloud.faults.filter(({ times }) => times > 0);
  return { ...met };
}

const kind = z.enum(["refuse", "fail", "throttle", "slow", "stuck", "errored"]);
const faultSchema = z.strictObject({
  kind,
  on: z.string().max(256),
  times: z.int().min(1).max(1_000),
  value: z.number().min(0).max(86_400_000),
  message: z.string().max(1_000).optional(),
});
export const faultsSchema = z.strictObject({ faults: z.array(faultSchema) });
/** What is left out stands for the kind's own. */
export const faultRequest = z.strictObject({
  kind,
  on: faultSchema.shape.on.optional(),
  times: faultSchema.shape.times.default(1),
  value: faultSchema.shape.value.optional(),
  message: faultSchema.shape.message,
});

/** Not of the service: the sandbox's own, to put faults in and take them out. */
export const faultRoutes: readonly Route[] = [
  bare({
    method: "GET",
    path: "/sandbox/faults",
    response: faultsSchema,
    answer: ({ cloud }) => ({ status: 200, body: { faults: cloud.faults } }),
  }),
  route({
    method: "POST",
    path: "/sandbox/faults",
    request: faultRequest,
    response: faultsSchema,
    answer({ cloud }, { on, value, message, ...fault }) {
      const usual = defaults[fault.kind];
      cloud.faults.push({
        ...fault,
        on: on ?? usual.on,
        value: value ?? usual.value,
        ...(message === undefined ? {} : { message }),
      });
      return { status: 201, body: { faults: cloud.faults } };
    },
  }),
  bare({
    method: "DELETE",
    path: "/sandbox/faults",
    response: faultsSchema,
    answer({ cloud, effect }) {
      const faults = cloud.faults;
      cloud.faults = [];
      effect({ kind: "release" });
      return { status: 200, body: { faults } };
    },
  }),
];

/** A fault in words: "refuse: POST /v2/droplets, once". */
export function describeFault({ kind, on, times, value }: FaultRecord): string {
  const where = on === "" ? "any action" : on;
  const often = times === 1 ? "once" : `${times} times`;
  const size = { throttle: `Retry-After ${value} s`, slow: `${value / 1000} s`, stuck: `for ${value} s` } as const;
  const how = kind in size ? `, ${size[kind as keyof typeof size]}` : "";
  return `${kind}: ${where}${how}, ${often}`;
}
