// What Terraform and OpenTofu say about a lock on the state: who holds it, for what, since when.

/** A lock as its holder wrote it down. */
export interface StateLock {
  /** What force-unlock takes. */
  readonly id: string;
  /** "alice@laptop" */
  readonly who: string;
  /** "apply" */
  readonly operation: string;
  /** ISO 8601, UTC; undefined when it is not readable. */
  readonly created: string | undefined;
}

/**
 * Reads the "Lock Info" block of a message. PostgreSQL's backend writes nothing down: there the block is about the run that was
 * refused, so this gives undefined.
 */
export function readStateLock(said: string): StateLock | undefined {
  if (/already locked/i.test(said)) return undefined;
  const block = /Lock Info:\s*\n([\s\S]*)/.exec(said)?.[1];
  const field = (name: string): string =>
    new RegExp(`^\\s*${name}:[ \\t]*(.*)$`, "m").exec(block ?? "")?.[1]?.trim() ?? "";
  const id = field("ID");
  if (!/^[0-9A-Za-z-]{1,128}$/.test(id)) return undefined;
  const created = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(?:\.\d+)? \+0000 UTC/.exec(field("Created"));
  return {
    id,
    who: field("Who").slice(0, 256) || "somebody",
    operation:
      field("Operation")
        .replace(/^OperationType/, "")
        .toLowerCase()
        .slice(0, 64) || "unknown",
    created: created === null ? undefined : `${created[1]}T${created[2]}Z`,
  };
}

/** "alice@laptop, apply since 2026-05-01 12:00:00 UTC". */
export function describeStateLock({ who, operation, created }: Omit<StateLock, "id">): string {
  const since = created === undefined ? "" : ` since ${created.slice(0, 19).replace("T", " ")} UTC`;
  return `${who}, ${operation}${since}`;
}
