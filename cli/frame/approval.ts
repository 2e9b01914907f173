// The yes to a plan: whether one is needed, who gives it, and by which words.
import { TunnelMeshError } from "../../protocol/errors/error.ts";
import type { PlanResult } from "../engine/deploy/contract.ts";
import type { Session } from "./session.ts";

/** Which plans need a yes. */
export const approvals = ["never", "destructive", "any"] as const;
export type Approval = (typeof approvals)[number];

/** Whoever takes hosts or their data away types the stage's name; anything else is a yes. @throws TunnelMeshError TM_DECLINED */
export async function confirmPlan(
  session: Pick<Session, "interactive" | "confirm" | "askText">,
  plan: PlanResult,
  rendered: string,
  { approval, hostsAlone }: { readonly approval: Exclude<Approval, "never">; readonly hostsAlone: boolean },
): Promise<boolean> {
  const { isDestructive } = await import("../engine/cloud/safety.ts");
  const { count } = await import("../output/table.ts");
  const destructive = isDestructive(plan.resources ?? []);
  if (!destructive && approval === "destructive") return true;
  if (!session.interactive) {
    throw new TunnelMeshError("TM_NEEDS_CONFIRMATION", {
      detail: "the plan removes hosts or volumes",
      advice: ["Look at it: tm plan. Then run this on a terminal, or with --yes."],
    });
  }
  const question = hostsAlone
    ? `Make ${count(plan.resources?.length ?? 0, "change")} of cloud resources in stage ${plan.stage}, and leave the rest?`
    : `Deploy ${count(plan.changes, "change")} to stage ${plan.stage}?`;
  if (!destructive) {
    if (await session.confirm(`${rendered}\n\n${question}`)) return true;
    throw new TunnelMeshError("TM_DECLINED");
  }
  const asked = `${rendered}\n\nThis removes hosts or volumes for good. ${question} Type the stage's name: `;
  const typed = await session.askText(asked);
  if (typed === plan.stage) return true;
  throw new TunnelMeshError("TM_DECLINED", { detail: `${JSON.stringify(typed)} is not ${plan.stage}` });
}
