// Error catalogue: what can go wrong around stack.
import type { ErrorEntry } from "./entry.ts";

export const stackErrors = {} as const satisfies Record<`TM_${string}`, ErrorEntry>;
