// Error catalogue: what can go wrong around coordination.
import type { ErrorEntry } from "./entry.ts";

export const coordinationErrors = {} as const satisfies Record<`TM_${string}`, ErrorEntry>;
