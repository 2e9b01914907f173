// Which stack and which stage a command means.
import path from "node:path";
import { describe, expect, it } from "vitest";
import { forgetStack, rememberStack } from "../../../../cli/engine/synth/current.ts";
import { findStack } from "../../../../cli/engine/synth/find.ts";
import { findNextStep } from "../../../../cli/engine/synth/next-step.ts";
import { findStage } from "../../../../cli/engine/synth/stage.ts";
import { makeProject } from "../../run-tm.ts";

const code = (run: () => unknown): unknown => {
  try {
    return run();
  } catch (error) {
    return (error as { code?: string }).code;
  }
};

describe("the stack in use", () => {
  it("is the argument: a path, a folder, a path without .ts, or a bare name", () => {
    using project = makeProject({ "package.json": "{}", "stacks/quick.ts": "", "other/stack.ts": "", "deep/er/x": "" });
    const find = (argument: string, cwd = project.folder) => {
      const { stackFile, projectFolder } = findStack(argument, cwd);
      expect(projectFolder).toBe(project.folder);
      return path.relative(project.folder, stackFile);
    };
    expect(find("stacks/quick.ts")).toBe("stacks/quick.ts");
    expect(find("stacks/quick")).toBe("stacks/quick.ts");
    expect(find("quick")).toBe("stacks/quick.ts");
    expect(find("other")).toBe("other/stack.ts");
    expect(find("quick", path.join(project.folder, "deep/er"))).toBe("stacks/quick.ts");
    expect(code(() => findStack("nothing", project.folder))).toBe("TM_STACK_NOT_FOUND");
  });

  it("is .tm/current before the nearest stack.ts, until it is forgotten", () => {
    using project = makeProject({ "package.json": "{}", "stack.ts": "", "stacks/quick.ts": "", "a/b/c": "" });
    const below = path.join(project.folder, "a/b");
    expect(findStack(undefined, below).stackFile).toBe(path.join(project.folder, "stack.ts"));
    const quick = findStack("quick", project.folder);
    rememberStack(quick);
    expect(findStack(undefined, below)).toEqual(quick);
    forgetStack(findStack("stack.ts", project.folder));
    expect(findStack(undefined, below)).toEqual(quick);
    forgetStack(quick);
    forgetStack(quick);
    expect(findStack(undefined, below).stackFile).toBe(path.join(project.folder, "stack.ts"));
  });

  it("is an error when .tm/current names nothing, rather than another stack", () => {
    using project = makeProject({ "stack.ts": "", ".tm/current": "gone.ts\n" });
    expect(code(() => findStack(undefined, project.folder))).toBe("TM_STACK_NOT_FOUND");
  });
});

describe("the stage", () => {
  it("is flag, environment, .tm/stage, the only mesh file, main, in this order", () => {
    using project = makeProject({ ".tm/stage": "written\n", "mesh/only.jsonl": "" });
    using fresh = makeProject({ "package.json": "{}" });
    using deployed = makeProject({ "mesh/only.jsonl": "", "mesh/archive/old.jsonl": "" });
    expect(findStage(project.folder, { flag: "flag", environment: "env" })).toBe("flag");
    expect(findStage(project.folder, { environment: "env" })).toBe("env");
    expect(findStage(project.folder, { environment: "" })).toBe("written");
    expect(findStage(deployed.folder, {})).toBe("only");
    expect(findStage(fresh.folder, {})).toBe("main");
  });

  it("is not guessed among several", () => {
    using project = makeProject({ "mesh/a.jsonl": "", "mesh/b.jsonl": "" });
    expect(code(() => findStage(project.folder, {}))).toBe("TM_STACK_SEVERAL_STAGES");
    expect(findStage(project.folder, { flag: "c" })).toBe("c");
  });

  it.each(["Prod", "../x", "", "a".repeat(64)])("is no %j", (flag) => {
    using project = makeProject({ "package.json": "{}" });
    expect(code(() => findStage(project.folder, { flag }))).toBe("TM_STACK_STAGE");
  });
});

describe("the next step", () => {
  const next = (cwd: string) => findNextStep({ cwd, environment: {} });

  it("is quickstart in a clone, and a stack elsewhere", () => {
    using clone = makeProject({ "package.json": "{}", "stacks/quickstart.ts": "" });
    using empty = makeProject({});
    expect(next(clone.folder)).toMatchObject({ state: "no-stack", commands: [{ command: "npm run quickstart" }, {}] });
    expect(next(empty.folder)).toMatchObject({ state: "no-stack", commands: [{ command: "tm init" }, {}] });
  });

  it("is deploy for a stack that is not deployed, status for one that is", () => {
    using written = makeProject({ "stack.ts": "" });
    using begun = makeProject({ "stack.ts": "", "mesh/main.jsonl": "" });
    using deployed = makeProject({ "stack.ts": "", "mesh/main.jsonl": "{}" });
    expect(next(written.folder)).toMatchObject({
      state: "not-deployed",
      says: "stack.ts is not deployed (stage main).",
    });
    expect(next(begun.folder)).toMatchObject({ state: "not-deployed" });
    expect(next(deployed.folder)).toMatchObject({ state: "deployed" });
  });
});
