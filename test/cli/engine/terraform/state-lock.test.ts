// What Terraform says about a lock, read: as it came from Terraform 1.11.4 with local, S3 and PostgreSQL backends.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { describeStateLock, readStateLock } from "../../../../cli/engine/terraform/state-lock.ts";

const said = (why: string) => `Error acquiring the state lock: Error message: ${why}
Lock Info:
  ID:        e2e66475-a953-3e15-81ac-72e23e8cc8f6
  Path:      /project/.tm/terraform/main/terraform.tfstate
  Operation: OperationTypeApply
  Who:       alice@laptop
  Version:   1.11.4
  Created:   2026-05-01 12:31:46.214702532 +0000 UTC
  Info:      


Terraform acquires a state lock to protect the state from being written
by multiple users at the same time.`;

describe("a lock", () => {
  it("has an id and a holder", () => {
    const lock = readStateLock(said("resource temporarily unavailable"));
    expect(lock).toEqual({
      id: "e2e66475-a953-3e15-81ac-72e23e8cc8f6",
      who: "alice@laptop",
      operation: "apply",
      created: "2026-05-01T12:31:46Z",
    });
    expect(describeStateLock(lock!)).toBe("alice@laptop, apply since 2026-05-01 12:31:46 UTC");
  });

  it.each(["Already locked for workspace creation: default", "Workspace is already locked: default"])(
    "of PostgreSQL names nobody: the block is about the run that was refused (%s)",
    (why) => {
      expect(readStateLock(said(why))).toBeUndefined();
    },
  );

  it("may be anything", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const lock = readStateLock(`Lock Info:\n  ID: ${text}\n  Created: ${text}`);
        return lock === undefined || /^[0-9A-Za-z-]+$/.test(lock.id);
      }),
    );
  });
});
