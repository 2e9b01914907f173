// What is shown while Terraform works, and what it is called when the cloud stands and the mesh does not.
import { describe, expect, it } from "vitest";
import { showEvents } from "../../../../cli/engine/cloud/apply.ts";
import { failedAfterApply } from "../../../../cli/engine/deploy/cloud-hosts.ts";
import type { TerraformEvent } from "../../../../cli/engine/terraform/events.ts";
import { TunnelMeshError } from "../../../../protocol/errors/error.ts";

describe("progress of Terraform", () => {
  it("is one row for each resource: what is done, what is waited for, how long", () => {
    const said: string[] = [];
    const note = (name: string) => (text: string) => void said.push(`${name}: ${text}`);
    const show = showEvents({ members: [] }, (name) => {
      const say = note(name);
      return { update: say, done: (text = "done") => say(text), skip: say, fail: say };
    });
    const at = { address: "digitalocean_droplet.hub", action: "create" };
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
      "droplet of hub: creating",
      "droplet of hub: creating: waiting for DigitalOcean, 12 s",
      "droplet of hub: created after 31 s",
      "firewall node: not removed",
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
