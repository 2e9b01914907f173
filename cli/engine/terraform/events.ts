// What Terraform tells while it works (its machine-readable UI, one JSON object a line): progress and diagnostics.
import { z } from "zod";

const hook = z.object({
  resource: z.object({ addr: z.string().max(1024) }),
  action: z.string().max(32).optional(),
  elapsed_seconds: z.number().optional(),
});
const change = z.object({
  resource: z.object({ addr: z.string().max(1024) }),
  action: z.string().max(32),
  reason: z.string().max(128).optional(),
});
const schema = z.discriminatedUnion("type", [
  z.object({ type: z.enum(["apply_start", "apply_progress", "apply_complete", "apply_errored"]), hook }),
  z.object({ type: z.enum(["refresh_start", "refresh_complete"]), hook }),
  z.object({ type: z.literal("planned_change"), change }),
  z.object({ type: z.literal("state_lock_acquire") }),
  z.object({
    type: z.literal("diagnostic"),
    diagnostic: z.object({
      severity: z.enum(["error", "warning"]),
      summary: z.string(),
      detail: z.string().default(""),
      address: z.string().optional(),
    }),
  }),
]);

export type TerraformEvent =
  /** `elapsed`: seconds. */
  | {
      readonly kind: "start" | "progress" | "done" | "failed";
      readonly address: string;
      readonly action: string;
      readonly elapsed: number;
    }
  | { readonly kind: "planned"; readonly address: string; readonly action: string; readonly reason: string | undefined }
  /** Another run holds the lock on the state, and this one waits for it. */
  | { readonly kind: "locked-out" }
  | { readonly kind: "error" | "warning"; readonly text: string; readonly address: string | undefined };

const applyKinds = {
  apply_start: "start",
  apply_progress: "progress",
  apply_complete: "done",
  apply_errored: "failed",
} as const;

/** One line; undefined for what is no news to anybody here, also for a line that is no JSON. */
export function readEvent(line: string): TerraformEvent | undefined {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return undefined;
  }
  const parsed = schema.safeParse(json);
  if (!parsed.success) return undefined;
  const event = parsed.data;
  switch (event.type) {
    case "apply_start":
    case "apply_progress":
    case "apply_complete":
    case "apply_errored": {
      const { resource, action = "", elapsed_seconds: elapsed = 0 } = event.hook;
      return { kind: applyKinds[event.type], address: resource.addr, action, elapsed };
    }
    case "refresh_start":
    case "refresh_complete":
      return undefined;
    case "planned_change": {
      const { resource, action, reason } = event.change;
      return { kind: "planned", address: resource.addr, action, reason };
    }
    case "state_lock_acquire":
      return { kind: "locked-out" };
    case "diagnostic": {
      const { severity, summary, detail, address } = event.diagnostic;
      return { kind: severity, text: [summary, detail].filter(Boolean).join(": ").slice(0, 4096), address };
    }
    default:
      return event satisfies never;
  }
}
