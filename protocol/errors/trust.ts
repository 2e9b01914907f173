// Error catalogue: what can go wrong around trust.
import type { ErrorEntry } from "./entry.ts";

export const trustErrors = {} as const satisfies Record<`TM_${string}`, ErrorEntry>;
