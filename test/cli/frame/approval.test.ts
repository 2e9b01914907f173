// Which plans need a yes, and whose: everything, what cannot be had again, with and without somebody at a terminal.
import { describe, expect, it } from "vitest";
import type { PlannedResource, PlanResult } from "../../../cli/engine/deploy/contract.ts";
import { confirmPlan } from "../../../cli/frame/approval.ts";

/** A plan with one change of a droplet, as far as it is looked at. */
function planOf(action: PlannedResource["action"]): PlanResult {
  const resources = [{ address: "digitalocean_droplet.hub", type: "digitalocean_droplet", action, forcedBy: [] }];
  return { mesh: "office-main", stage: "main", changes: 3, resources } as unknown as PlanResult;
}

/** What is asked of somebody at a terminal who answers so; undefined: nobody is there. */
async function ask(plan: PlanResult, approval: "destructive" | "any", answer?: string, hostsAlone = false) {
  const asked: string[] = [];
  const note = (question: string): string => {
    asked.push(question);
    return answer ?? "";
  };
  const session = {
    interactive: answer !== undefined,
    confirm: async (question: string) => note(question) === "y",
    askText: async (question: string) => note(question),
  };
  const outcome = await confirmPlan(session, plan, "PLAN", { approval, hostsAlone }).catch(
    (error: { code: string }) => error.code,
  );
  return { outcome, asked };
}

describe("a plan that takes nothing away", () => {
  it("goes on without a question where only others need one", async () => {
    expect(await ask(planOf("create"), "destructive")).toEqual({ outcome: true, asked: [] });
  });

  it("is a yes or a no otherwise", async () => {
    const shown = "PLAN\n\nDeploy 3 changes to stage main?";
    expect(await ask(planOf("create"), "any", "y")).toEqual({ outcome: true, asked: [shown] });
    expect(await ask(planOf("create"), "any", "n")).toEqual({ outcome: "TM_DECLINED", asked: [shown] });
  });

  it("is asked about for what is done of it", async () => {
    const { asked } = await ask(planOf("create"), "any", "y", true);
    expect(asked[0]).toContain("Make 1 change of cloud resources in stage main, and leave the rest?");
  });
});

describe.each(["destructive", "any"] as const)("a plan that removes hosts, where %s needs a yes", (approval) => {
  it("wants the stage's name, typed", async () => {
    const { outcome, asked } = await ask(planOf("delete"), approval, "main");
    expect(outcome).toBe(true);
    expect(asked[0]).toMatch(/for good\. .* Type the stage's name: $/);
    expect(await ask(planOf("replace"), approval, "y")).toMatchObject({ outcome: "TM_DECLINED" });
  });

  it("is refused where nobody can type it", async () => {
    expect(await ask(planOf("delete"), approval)).toEqual({ outcome: "TM_NEEDS_CONFIRMATION", asked: [] });
  });
});
