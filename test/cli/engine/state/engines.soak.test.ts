// Other people's programs in place of the tests' own: object stores that lock and that do not, and OpenTofu where it is installed.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { homedir, hostname, tmpdir, userInfo } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { afterAll, afterEach, describe, expect, it, vi } from "vitest";
import { unlockState } from "../../../../cli/engine/state/index.ts";
import { plan } from "../../../../cli/engine/terraform/run.ts";
import { state } from "../../../../constructs/index.ts";
import { hasTerraform } from "../sandbox/laboratory.ts";
import { engineContext, heldStack, holdLock, openHeld } from "./held.ts";

const folder = mkdtempSync(path.join(tmpdir(), "tm-engines-"));
const cache = path.join(homedir(), ".cache/tunnelmesh/test-programs");
const running: ChildProcess[] = [];
const me = `${userInfo().username}@${hostname()}`;
const none = (): void => undefined;

afterEach(() => {
  vi.unstubAllEnvs();
  for (const child of running.splice(0)) child.kill("SIGKILL");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

/** Starts a store that answers at the port given to `command`. */
async function startStore(command: (port: number) => readonly [string, readonly string[]]): Promise<string> {
  const port = await freePort();
  const [program, given] = command(port);
  running.push(spawn(program, given, { stdio: "ignore" }));
  const url = `http://127.0.0.1:${port}`;
  for (let attempt = 0; attempt < 200; attempt += 1) {
    if (
      await fetch(url).then(
        () => true,
        () => false,
      )
    )
      return url;
    await sleep(50);
  }
  throw new Error(`${program} does not answer`);
}

/** The place "states" at `url`, as two checkouts use it at once; gives what the second one is told. */
async function secondRun(url: string, keys: Readonly<Record<string, string>>) {
  for (const [name, value] of Object.entries(keys)) vi.stubEnv(name, value);
  const place = state.s3({ bucket: "states", region: "us-east-1", endpoint: url });
  const name = path.join(folder, String(new URL(url).port));
  const release = path.join(folder, `${new URL(url).port}.end`);
  const [mine, theirs] = await Promise.all(
    ["mine", "theirs"].map((who) => heldStack(path.join(name, who), place, release)),
  );
  const first = await openHeld(mine!);
  const held = await holdLock(first.run, release);
  try {
    const second = await openHeld(theirs!);
    const error = await plan(second.run, { variables: {} }, none).then(
      () => undefined,
      (caught: unknown) => caught,
    );
    return { error, shown: second.shown };
  } finally {
    await held.end();
  }
}

describe.runIf(await hasTerraform())("a state in a store of somebody else's making", () => {
  it("is locked by gofakes3", async () => {
    mkdirSync(cache, { recursive: true });
    const module = "github.com/johannesboyne/gofakes3/cmd/gofakes3@v1.2.0";
    await execa("go", ["install", module], { env: { GOBIN: cache, GOFLAGS: "" } });
    const program = path.join(cache, "gofakes3");
    const url = await startStore((port) => [
      program,
      ["-backend", "memory", "-host", `127.0.0.1:${port}`, "-initialbucket", "states"],
    ]);
    const { error, shown } = await secondRun(url, { AWS_ACCESS_KEY_ID: "id", AWS_SECRET_ACCESS_KEY: "secret" });
    expect(shown).toEqual([]);
    expect(error).toMatchObject({ code: "TM_TERRAFORM_LOCKED", detail: expect.stringContaining(`${me}, apply since`) });
  });

  it("is not locked by s3rver, and the run says so", async () => {
    const place = path.join(folder, "s3rver");
    mkdirSync(place);
    writeFileSync(path.join(place, "package.json"), "{}");
    await execa("npm", ["install", "--ignore-scripts", "--no-audit", "--silent", "@20minutes/s3rver@5.0.0"], {
      cwd: place,
    });
    const program = path.join(place, "serve.cjs");
    writeFileSync(
      program,
      `const Store = require("@20minutes/s3rver");
      const [port, directory] = process.argv.slice(2);
      const configureBuckets = [{ name: "states" }];
      new Store({ address: "127.0.0.1", port, directory, silent: true, vhostBuckets: false, configureBuckets }).run();`,
    );
    const url = await startStore((port) => [process.execPath, [program, String(port), path.join(place, "data")]]);
    const { error, shown } = await secondRun(url, { AWS_ACCESS_KEY_ID: "S3RVER", AWS_SECRET_ACCESS_KEY: "S3RVER" });
    expect(shown).toEqual(["Terraform state", expect.stringMatching(/does not lock: bucket states let two runs/)]);
    expect(error).toBeUndefined();
  });
});

const tofu = (await execa("tofu", ["version"], { reject: false })).exitCode === 0;
if (!tofu) process.stderr.write("tofu is not installed: its test does not run\n");

describe.runIf(tofu)("OpenTofu", () => {
  it("locks, names the holder, and is read like Terraform", async () => {
    vi.stubEnv("TM_TERRAFORM", "tofu");
    const release = path.join(folder, "tofu.end");
    const loaded = await heldStack(path.join(folder, "tofu"), state.local(), release);
    const { run } = await openHeld(loaded);
    const held = await holdLock(run, release);
    await expect(plan(run, { variables: {} }, none)).rejects.toMatchObject({
      code: "TM_TERRAFORM_LOCKED",
      detail: expect.stringContaining(`${me}, apply since`),
    });
    await expect(unlockState(engineContext(loaded).context)).rejects.toMatchObject({ code: "TM_STATE_LOCK_ALIVE" });
    await held.end();
    expect((await plan(run, { variables: {} }, none)).changes).toBe(false);
  });
});
