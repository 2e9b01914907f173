// Terraform's events as rows of progress: one for each resource, and what is waited for.
import type { MeshModel } from "../../../constructs/model.ts";
import type { ProgressRow } from "../../output/progress.ts";
import type { TerraformEvent } from "../terraform/events.ts";
import { describeResource } from "./describe.ts";

/** Turns Terraform's events into rows: what is done to which resource, what is waited for, and how long it took in the end. */
export function showEvents(
  model: Pick<MeshModel, "members">,
  row: (name: string) => ProgressRow,
): (event: TerraformEvent) => void {
  const showLock = showLockWait(() => row("terraform"));
  return (event) => {
    showLock(event);
    // That time goes by, whoever draws the row shows.
    if (!("elapsed" in event) || event.kind === "progress") return;
    const one = row(describeResource(model, event.address));
    const seconds = Math.round(event.elapsed);
    const [doing = event.action, done = "done"] = verbs[event.action] ?? [];
    if (event.kind === "start") one.update(`${doing}: waiting for DigitalOcean`);
    else if (event.kind === "done") one.done(seconds < 2 ? done : `${done} after ${seconds} s`);
    else one.fail(`not ${done}`);
  };
}

/** Says in a row that another run holds the state's lock, for as long as it does. @param then what the row says after that */
export function showLockWait(row: () => ProgressRow, then?: string): (event: TerraformEvent) => void {
  let waiting = false;
  return ({ kind }) => {
    if (kind === "locked-out") row().update("waiting for another run, which holds the lock on the state");
    else if (waiting && then === undefined) row().done("has the lock on the state");
    else if (waiting) row().update(then ?? "");
    waiting = kind === "locked-out";
  };
}

const verbs: Readonly<Record<string, readonly [string, string]>> = {
  create: ["creating", "created"],
  update: ["changing", "changed"],
  delete: ["removing", "removed"],
  read: ["reading", "read"],
};
