// A failure is told in its row and goes on as what it is; one failure of many stops nobody else.
import { describe, expect, it } from "vitest";
import { failingIn, settleAll } from "../../../../cli/engine/deploy/report.ts";
import type { ProgressRow } from "../../../../cli/output/progress.ts";
import { TunnelMeshError } from "../../../../protocol/errors/error.ts";

function recordingRow(): { row: ProgressRow; said: string[] } {
  const said: string[] = [];
  const say = (kind: string) => (text?: string) => void said.push(`${kind} ${text ?? ""}`);
  return { row: { update: say("update"), done: say("done"), skip: say("skip"), fail: say("fail") }, said };
}

const refused = new TunnelMeshError("TM_DEPLOY_NO_ROUTE", { detail: "alpha → beta" });

describe("failingIn", () => {
  it("says in the row what failed, and lets the error go on", async () => {
    const { row, said } = recordingRow();
    await expect(failingIn(row, () => Promise.reject(refused))).rejects.toBe(refused);
    expect(said).toEqual([`fail ${refused.message}`]);
  });

  it("leaves the row alone when the work succeeds or breaks for a reason no user can read", async () => {
    const { row, said } = recordingRow();
    expect(await failingIn(row, async () => 1)).toBe(1);
    await expect(failingIn(row, () => Promise.reject(new RangeError("defect")))).rejects.toThrow("defect");
    expect(said).toEqual([]);
  });
});

describe("settleAll", () => {
  const { signal } = new AbortController();

  it("gives a value for each, a TunnelMeshError as a failure of its own", async () => {
    const settled = await settleAll([1, 2, 3], 2, signal, async (one) => {
      if (one === 2) throw refused;
      return one * 10;
    });
    expect(settled.map((one) => (one.ok ? one.value : one.error.code))).toEqual([10, "TM_DEPLOY_NO_ROUTE", 30]);
  });

  it("throws a defect, and the reason of an abort", async () => {
    const broken = settleAll([1], 1, signal, () => Promise.reject(new RangeError("defect")));
    await expect(broken).rejects.toThrow("defect");
    const controller = new AbortController();
    controller.abort(new TunnelMeshError("TM_INTERRUPTED"));
    await expect(settleAll([1], 1, controller.signal, async () => 1)).rejects.toThrow("Interrupted");
  });
});
