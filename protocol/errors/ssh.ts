// Error catalogue: what can go wrong around ssh.
import type { ErrorEntry } from "./entry.ts";

export const sshErrors = {} as const satisfies Record<`TM_${string}`, ErrorEntry>;
