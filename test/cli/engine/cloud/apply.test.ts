// What is shown while Terraform works, and what it is called when the cloud stands and the mesh does not.
import { describe, expect, it } from "vitest";
import { showEvents, showLockWait } from "../../../../cli/engine/cloud/show-events.ts";
import { failedAfterApply } from "../../../../cli/engine/deploy/cloud-hosts.ts";
import type { TerraformEvent } from "../../../../cli/engine/terraform/events.ts";
import { TunnelMeshError } from "../../../../protocol/errors/error.ts";

describe("progress of Terraform", () => {
  const at = { address: "digitalocean_droplet.hub", action: "create" };

  function listen() {
    const said: string[] = [];
    const row = (name: string) => {
      const say = (text: string) => void said.push(`${name}: ${text}`);
      return { update: say, done: (text = "done") => say(text), skip: say, fail: say };
    };
    return { said, row };
  }

  it("is one row for each resource: what is done, what is waited for, how long it took", () => {
    const { said, row } = listen();
    const show = showEvents({ members: [] }, row);
    const events: readonly TerraformEvent[] = [
      { kind: "planned", ...at, reason: undefined },
      { kind: "start", ...at, elapsed: 0 },
      { kind: "progress", ...at, elapsed: 12.2 },
      { kind: "done", ...at, elapsed: 31 },
      { kind: "failed", address: "digitalocean_firewall.node", action: "delete", elapsed: 1 },
      { kind: "error", text: "no", address: undefined },
    ];
    for (const event of events) show(event);
    expect(said).toEqual([
      "droplet of hub: creating: waiting for DigitalOcean",
      "droplet of hub: created after 31 s",
      "firewall node: not removed",
    ]);
  });

  it("says that another run holds the lock, and when that is over", () => {
    const { said, row } = listen();
    const show = showEvents({ members: [] }, row);
    for (const event of [{ kind: "locked-out" }, { kind: "start", ...at, elapsed: 0 }] as const) show(event);
    const planning = showLockWait(() => row("plan"), "planning");
    for (const event of [{ kind: "locked-out" }, { kind: "planned", ...at, reason: undefined }] as const)
      planning(event);
    expect(said).toEqual([
      "terraform: waiting for another run, which holds the lock on the state",
      "terraform: has the lock on the state",
      "droplet of hub: creating: waiting for DigitalOcean",
      "plan: waiting for another run, which holds the lock on the state",
      "plan: planning",
    ]);
  });
});

describe("what fails after the cloud is made", () => {
  it("ends with 5 and keeps its cause and its advice", () => {
    const cause = new TunnelMeshError("TM_DEPLOY_COORDINATOR_UNREACHABLE", { detail: "hub", advice: ["Look at it."] });
    expect(failedAfterApply(cause)).toMatchObject({
      ...{ code: "TM_CLOUD_INSTALL", exitCode: 5, cause, detail: cause.message },
      advice: ["Look at it.", expect.stringContaining("tm deploy again")],
    });
  });

  it("stays what it is where it has an exit code of its own", () => {
    const needsAdmin = new TunnelMeshError("TM_CI_NEEDS_ADMIN");
    expect(failedAfterApply(needsAdmin)).toBe(needsAdmin);
  });
});
