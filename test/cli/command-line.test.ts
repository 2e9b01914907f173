// The command line as people and scripts meet it: help, errors, exit codes, one JSON document, no questions without a terminal.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { makeProject, officeStack, root, runTm } from "./run-tm.ts";

describe("help", () => {
  it("lists the commands", async () => {
    const { stdout, stderr, code } = await runTm(["--help"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    for (const name of [
      "add-node",
      "deploy",
      "destroy",
      "doctor",
      "history",
      "leave",
      "peers",
      "ping",
      "plan",
      "remove-node",
      "status",
      "synth",
      "unlock",
      "local",
    ]) {
      expect(stdout).toMatch(new RegExp(`^ {2}${name} +\\S`, "m"));
    }
  });

  it("says what a command takes, the global flags among it", async () => {
    const { stdout, code } = await runTm(["add-node", "--help"]);
    expect(code).toBe(0);
    for (const flag of [
      "TARGET",
      "--name=NAME",
      "--host-key=KEY",
      "-s, --stage=NAME",
      "--cwd=FOLDER",
      "--json",
      "--no-input",
      "-y, --yes",
      "--verbose",
      "--no-color",
    ]) {
      expect(stdout).toContain(flag);
    }
  });

  it("prints the version", async () => {
    expect((await runTm(["--version"])).stdout).toMatch(/^tunnelmesh\/\d+\.\d+\.\d+ /);
  });
});

describe("what comes through a pipe", () => {
  it("is not taken for an argument that was left out", () => {
    const command = [
      process.execPath,
      "--conditions=tunnelmesh-source",
      path.join(root, "cli/bin.ts"),
      "leave",
      "--json",
    ];
    const said = spawnSync("sh", ["-c", 'printf beta | "$@"', "sh", ...command], { encoding: "utf8", cwd: tmpdir() });
    expect([said.status, JSON.parse(said.stdout)]).toMatchObject([64, { error: { code: "TM_USAGE" } }]);
  });
});

describe("a command line that is not understood", () => {
  const wrong = [
    ["an unknown command", ["bogus"], /command bogus not found/],
    ["an unknown command of a topic", ["token", "bogus"], /command token bogus not found/],
    ["an unknown flag", ["synth", "--bogus"], /--bogus/],
    ["a missing argument", ["ping"], /node/],
    ["one argument too many", ["synth", "a", "b"], /b/],
    ["a flag without its value", ["synth", "--stage"], /stage/],
    ["a value that does not fit", ["ping", "beta", "--count", "many"], /count|many/],
    ["a value out of range", ["add-node", "box", "--port", "70000"], /port|65535/],
  ] as const;

  it.each(wrong)("%s ends with 64", async (_, parameters, says) => {
    const { code, stdout, stderr } = await runTm(parameters);
    expect({ code, stdout }).toEqual({ code: 64, stdout: "" });
    expect(stderr).toMatch(says);
    expect(stderr).toMatch(/^Error: The command was not understood$/m);
    expect(stderr).toMatch(/^Try this:$/m);
    expect(stderr).toMatch(/^Code: TM_USAGE$/m);
    expect(stderr).not.toMatch(/^\s+at /m);
  });

  it.each(wrong)("%s is JSON with --json", async (_, parameters) => {
    const { code, stdout } = await runTm([...parameters, "--json"]);
    expect(code).toBe(64);
    expect(JSON.parse(stdout)).toMatchObject({
      error: {
        code: "TM_USAGE",
        message: expect.any(String),
        detail: expect.any(String),
        advice: [expect.any(String)],
      },
    });
  });
});

describe("an error", () => {
  const broken = officeStack.replace('"hub"', '"Hub"');

  it("has headline, place, cause, advice and code, and no trace", async () => {
    using project = makeProject({ "stack.ts": broken });
    const { code, stdout, stderr } = await runTm(["synth"], { cwd: project.folder });
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr.split("\n")).toEqual([
      "Error: A member's name is not usable",
      '  coordinator "Hub" (stack.ts:4): a name has lower-case letters, digits and hyphens, and neither begins nor ends with a hyphen',
      "  A member's name is its name in DNS, NAME.mesh.",
      "Try this:",
      "  - Use lower-case letters, digits and hyphens, at most 63 characters, as in a host name.",
      "Code: TM_STACK_MEMBER_NAME",
      "",
    ]);
  });

  it("shows the trace with --verbose and with DEBUG", async () => {
    using project = makeProject({ "stack.ts": 'throw new Error("boom");\n' });
    for (const run of [
      { more: ["--verbose"], env: {} },
      { more: [], env: { DEBUG: "nothing" } },
    ]) {
      const { stderr } = await runTm(["synth", ...run.more], { cwd: project.folder, env: run.env });
      expect(stderr).toMatch(/^\s+at .*stack\.ts:1/m);
    }
  });

  it("is one document on stdout with --json, also when the stack prints", async () => {
    using project = makeProject({ "stack.ts": `console.log("noise");\n${broken}` });
    const { stdout, stderr } = await runTm(["synth", "--json"], { cwd: project.folder });
    expect(Object.keys(JSON.parse(stdout))).toEqual(["error"]);
    expect(stderr).toContain("noise");
  });

  it("names its full log, which its owner alone can read", async () => {
    using project = makeProject({ "stack.ts": officeStack, "package.json": "{}" });
    const { stderr, code } = await runTm(["destroy", "--no-input"], { cwd: project.folder });
    expect(code).toBe(64);
    const file = /^Full log: (.*)$/m.exec(stderr)?.[1] ?? "";
    expect(path.dirname(file)).toBe(path.join(project.folder, ".tm/logs"));
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readFileSync(file, "utf8")).toMatch(
      /tm destroy in .*\n.*stack .*stack\.ts, stage main\n.*failed: .*TM|needs a yes/,
    );
  });
});

describe("without a terminal", () => {
  it.each([["deploy"], ["unlock"], ["rollback"]])("%s looks for a stack before it asks for --yes", async (command) => {
    using project = makeProject({ "package.json": "{}" });
    const { stderr } = await runTm([command], { cwd: project.folder });
    expect(stderr).toContain("Code: TM_STACK_NOT_FOUND");
  });

  it.each([
    ["deploy", ["deploy"], "tm deploy --yes"],
    ["deploy of a named stack", ["deploy", "stack.ts"], "tm deploy stack.ts --yes"],
    ["destroy", ["destroy"], "tm destroy --yes"],
    ["remove-node", ["remove-node", "nas"], "tm remove-node nas --yes"],
    ["unlock", ["unlock"], "tm unlock --yes"],
    [
      "unlock of a stage in the sandbox",
      ["unlock", "--stage", "lab", "--sandbox"],
      "tm unlock --yes --stage lab --sandbox",
    ],
    ["local rm of all", ["local", "rm", "--network", "x"], "tm local rm --network x --yes"],
  ])("%s asks nothing, changes nothing, and says what to run", async (_, parameters, command) => {
    using project = makeProject({ "stack.ts": officeStack, "package.json": "{}" });
    const { code, stdout, stderr } = await runTm(parameters, { cwd: project.folder });
    expect({ code, stdout }).toEqual({ code: 64, stdout: "" });
    expect(stderr).toContain(`Run it again with --yes: ${command}\n`);
    expect(stderr).toContain("Code: TM_NEEDS_CONFIRMATION");
    expect(existsSync(path.join(project.folder, "mesh"))).toBe(false);
  });

  it("a protected stage is not destroyed, even with --yes", async () => {
    using project = makeProject({
      "stack.ts": officeStack.replace("{ mesh }", "{ mesh, protect: true }"),
      "package.json": "{}",
    });
    const { code, stderr } = await runTm(["destroy", "--yes"], { cwd: project.folder });
    expect(code).toBe(64);
    expect(stderr).toContain("stage main is protected");
  });
});

describe("global flags", () => {
  it("--cwd stands for the folder, --stage and TM_STAGE for the stage", async () => {
    using project = makeProject({ "stack.ts": officeStack });
    const model = async (...parameters: Parameters<typeof runTm>) => JSON.parse((await runTm(...parameters)).stdout);
    expect(await model(["synth", "--cwd", project.folder, "-s", "one"])).toMatchObject({ name: "office-one" });
    expect(await model(["synth"], { cwd: project.folder, env: { TM_STAGE: "two" } })).toMatchObject({
      name: "office-two",
    });
    expect(await model(["synth", "--stage", "one"], { cwd: project.folder, env: { TM_STAGE: "two" } })).toMatchObject({
      name: "office-one",
    });
  });

  it("no colour reaches a pipe", async () => {
    const { stdout, stderr } = await runTm(["bogus"]);
    expect(stdout + stderr).not.toContain("\u001b");
  });
});

describe("tm alone", () => {
  it("shows the next step, as JSON too", async () => {
    using project = makeProject({ "stack.ts": officeStack });
    const { stdout, code } = await runTm([], { cwd: project.folder });
    expect(code).toBe(0);
    expect(stdout).toMatch(/stack\.ts is not deployed \(stage main\)\.\n {2}tm plan .*\n {2}tm deploy /);
    expect(JSON.parse((await runTm(["next", "--json"], { cwd: project.folder })).stdout)).toMatchObject({
      state: "not-deployed",
    });
  });
});

describe("tm with global flags alone", () => {
  it("shows the next step too", async () => {
    using project = makeProject({ "stack.ts": officeStack });
    const { stdout, code } = await runTm(["--json", "--cwd", project.folder]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ state: "not-deployed" });
  });
});

describe("tm leave", () => {
  it("says how the member comes back", async () => {
    const { stdout, code } = await runTm(["leave", "--help"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/tm leave NODE/);
    expect(stdout.replace(/\s+/g, " ")).toContain("tm deploy brings it back, as it stays a member");
  });

  it("needs a mesh", async () => {
    using project = makeProject({ "stack.ts": officeStack, "package.json": "{}" });
    const { stdout, code } = await runTm(["leave", "nas", "--json"], { cwd: project.folder });
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: "TM_DEPLOY_NOT_DEPLOYED" } });
  });
});

describe("Ctrl-C", () => {
  it("once stops cleanly with 130", async () => {
    using project = makeProject({
      "stack.ts": 'console.error("loading");\nawait new Promise((r) => setTimeout(r, 10_000));\n',
    });
    const started = Date.now();
    const { code, stderr } = await runTm(["synth"], {
      cwd: project.folder,
      onStart: (child) =>
        child.stderr?.on("data", (chunk) => String(chunk).includes("loading") && child.kill("SIGINT")),
    });
    expect(code).toBe(130);
    expect(stderr).toContain("stopping cleanly");
    expect(stderr).toContain("Code: TM_INTERRUPTED");
    expect(Date.now() - started).toBeLessThan(8000);
  });
});

describe("logs", () => {
  it("are pruned to the newest 20", async () => {
    const old = Object.fromEntries(
      Array.from({ length: 25 }, (_, index) => [
        `.tm/logs/2001-01-${String(index + 1).padStart(2, "0")}-deploy.log`,
        "x",
      ]),
    );
    using project = makeProject({ "stack.ts": officeStack, ...old });
    await runTm(["destroy", "--no-input"], { cwd: project.folder });
    const left = readdirSync(path.join(project.folder, ".tm/logs")).toSorted();
    expect(left).toHaveLength(20);
    expect(left[0]).toBe("2001-01-07-deploy.log");
  });
});
