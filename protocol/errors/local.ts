// Error catalogue: what can go wrong around local.
import type { ErrorEntry } from "./entry.ts";

export const localErrors = {} as const satisfies Record<`TM_${string}`, ErrorEntry>;
