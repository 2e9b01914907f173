// The places of Terraform's state with the real Terraform: what each locks, and who is named when it is locked.
import { mkdtempSync, rmSync } from "node:fs";
import { hostname, tmpdir, userInfo } from "node:os";
import path from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import type { HeldLock } from "../../../../cli/engine/state/contract.ts";
import { unlockState } from "../../../../cli/engine/state/index.ts";
import { plan, readJson } from "../../../../cli/engine/terraform/run.ts";
import { type State, state } from "../../../../constructs/index.ts";
import { hasTerraform } from "../sandbox/laboratory.ts";
import { openBucket } from "./bucket.ts";
import { engineContext, heldStack, holdLock, openHeld } from "./held.ts";
import { type PostgresServer, startPostgres } from "./postgres-server.ts";

const installed = await hasTerraform();
const folder = mkdtempSync(path.join(tmpdir(), "tm-places-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
afterEach(() => vi.unstubAllEnvs());
const me = `${userInfo().username}@${hostname()}`;
const none = (): void => undefined;

/** Two checkouts of one project, as two people have them. */
async function twoRuns(name: string, place: State, environment: Readonly<Record<string, string>> = {}) {
  for (const [variable, value] of Object.entries(environment)) vi.stubEnv(variable, value);
  const release = path.join(folder, `${name}.end`);
  const [mine, theirs] = await Promise.all(
    ["mine", "theirs"].map((who) => heldStack(path.join(folder, name, who), place, release)),
  );
  return {
    release,
    first: await openHeld(mine!),
    second: () => openHeld(theirs!),
    mine: mine!,
  };
}

describe.runIf(installed)("a state", () => {
  it("in this checkout is locked by its process, which is named", async () => {
    const { first, mine, release } = await twoRuns("local", state.local());
    const held = await holdLock(first.run, release);
    const second = { ...first.run, workspace: { ...first.run.workspace } };
    await expect(plan(second, { variables: {} }, none)).rejects.toMatchObject({
      code: "TM_TERRAFORM_LOCKED",
      detail: expect.stringMatching(new RegExp(`^${me}, apply since 20\\d\\d-`)),
    });
    const { context } = engineContext(mine);
    await expect(unlockState(context)).rejects.toMatchObject({
      code: "TM_STATE_LOCK_ALIVE",
      detail: expect.stringContaining(`${me}, apply since`),
    });
    await held.end();
    expect(await unlockState(context)).toEqual({ mesh: "office-main", stage: "main", place: "this checkout" });
    expect((await openHeld(mine)).shown, "nothing to say about locking").toEqual([]);
  });

  it("in a bucket is locked by an object that must not be overwritten", async () => {
    await using bucket = await openBucket("states");
    const place = state.s3({ bucket: "states", region: "us-east-1", endpoint: bucket.url });
    const environment = { AWS_ACCESS_KEY_ID: "id", AWS_SECRET_ACCESS_KEY: "secret" };
    const { first, second, mine, release } = await twoRuns("bucket", place, environment);
    const held = await holdLock(first.run, release);
    expect([...bucket.objects.keys()]).toContain("tunnelmesh/office/main.tfstate.tflock");
    const other = await second();
    await expect(plan(other.run, { variables: {} }, none)).rejects.toMatchObject({
      code: "TM_TERRAFORM_LOCKED",
      detail: expect.stringContaining(`${me}, apply since`),
    });
    await held.end();
    expect((await plan(other.run, { variables: {} }, none)).changes, "the other checkout has the state").toBe(false);
    expect([...bucket.objects.keys()]).toEqual(["tunnelmesh/office/main.tfstate"]);

    // What a run that was killed on another machine leaves behind.
    const left = { ID: "e2e66475-a953-3e15-81ac-72e23e8cc8f6", Operation: "OperationTypeApply", Who: "bob@gone" };
    const lock = { ...left, Info: "", Version: "1.11.4", Created: "2026-05-01T12:00:00.5Z", Path: "states" };
    bucket.objects.set("tunnelmesh/office/main.tfstate.tflock", Buffer.from(JSON.stringify(lock)));
    const { context } = engineContext(mine);
    const shown: HeldLock[] = [];
    const decline = unlockState({ ...context, confirm: async (one) => shown.push(one) === 0 });
    await expect(decline).rejects.toMatchObject({ code: "TM_DECLINED" });
    const holder = "bob@gone, apply since 2026-05-01 12:00:00 UTC";
    expect(shown).toEqual([{ place: `bucket states at ${bucket.url}`, holder }]);
    expect(await unlockState({ ...context, confirm: async () => true })).toMatchObject({ holder });
    expect([...bucket.objects.keys()]).toEqual(["tunnelmesh/office/main.tfstate"]);
  });

  it("in a bucket that keeps no conditions is used all the same, and every run says so", async () => {
    await using bucket = await openBucket("loose");
    bucket.conditions = "ignored";
    const place = state.s3({ bucket: "loose", region: "us-east-1", endpoint: bucket.url });
    const environment = { AWS_ACCESS_KEY_ID: "id", AWS_SECRET_ACCESS_KEY: "secret" };
    const { first, second, release } = await twoRuns("loose", place, environment);
    const held = await holdLock(first.run, release);
    expect((await second()).shown).toEqual([
      "Terraform state",
      expect.stringMatching(/^lock: does not lock: bucket loose/),
    ]);
    await held.end();
    expect(await readJson(first.run, ["state", "pull"])).toMatchObject({ resources: [{ name: "held" }] });
  });

  describe("in PostgreSQL", () => {
    let server: PostgresServer;
    beforeAll(async () => {
      server = await startPostgres();
    });
    afterAll(async () => {
      await server?.[Symbol.asyncDispose]();
    });

    it("is locked by a session, whose owner the server names", async () => {
      const environment = { OFFICE_STATE: await server.database("office") };
      const { first, second, release } = await twoRuns(
        "postgres",
        state.postgres({ env: "OFFICE_STATE" }),
        environment,
      );
      const held = await holdLock(first.run, release);
      const other = await second();
      await expect(plan(other.run, { variables: {} }, none)).rejects.toMatchObject({
        code: "TM_TERRAFORM_LOCKED",
        detail: expect.stringMatching(new RegExp(`^${me}, since 20\\d\\d-`)),
      });
      await held.end();
      expect((await plan(other.run, { variables: {} }, none)).changes).toBe(false);
      expect(await other.run.workspace.lockHolder?.()).toMatch(/has just ended/);
    });

    it("is unlocked by ending the session; a run that still goes on writes its state without a lock", async () => {
      const environment = { OFFICE_STATE: await server.database("unlock") };
      const { first, mine, release } = await twoRuns("unlock", state.postgres({ env: "OFFICE_STATE" }), environment);
      const held = await holdLock(first.run, release);
      const { context } = engineContext(mine);
      expect(await unlockState(context)).toMatchObject({ holder: expect.stringMatching(new RegExp(`^${me}, since`)) });
      expect(await unlockState(context)).not.toHaveProperty("holder");
      await held.end();
      expect(await readJson(first.run, ["state", "pull"])).toMatchObject({ resources: [{ name: "held" }] });
    });
  });
});
