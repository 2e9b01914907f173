// Error catalogue: what can go wrong around agent.
import type { ErrorEntry } from "./entry.ts";

export const agentErrors = {} as const satisfies Record<`TM_${string}`, ErrorEntry>;
