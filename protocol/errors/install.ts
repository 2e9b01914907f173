// Error catalogue: what can go wrong around install.
import type { ErrorEntry } from "./entry.ts";

export const installErrors = {} as const satisfies Record<`TM_${string}`, ErrorEntry>;
