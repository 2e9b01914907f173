// The frame around commands: what the caller said, what is reported, what is logged, how it is stopped.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it, vi } from "vitest";
import { callerFlags } from "../../../cli/frame/caller.ts";
import { createLog } from "../../../cli/frame/log.ts";
import { asTunnelMeshError, errorReport, reportError } from "../../../cli/frame/report.ts";
import { TunnelMeshError } from "../../../protocol/errors/error.ts";
import { makeProject, root } from "../run-tm.ts";

describe("the caller", () => {
  it("is heard before anything is parsed, up to --", () => {
    expect(callerFlags(["x", "--json", "--verbose", "--no-color"], {})).toEqual({
      json: true,
      verbose: true,
      plain: true,
    });
    expect(callerFlags(["x", "--", "--json", "--verbose"], {})).toEqual({ json: false, verbose: false, plain: false });
    expect(callerFlags([], { TM_CONTENT_TYPE: "JSON", DEBUG: "*", CI: "true" })).toEqual({
      json: true,
      verbose: true,
      plain: true,
    });
  });
});

describe("reports", () => {
  it("carry code, message, detail and advice", () => {
    const error = new TunnelMeshError("TM_DECLINED", { detail: "why", advice: ["what"] });
    expect(errorReport(error)).toEqual({
      code: "TM_DECLINED",
      message: "Nothing was changed",
      detail: "why",
      advice: ["what"],
    });
  });

  it("make a defect of whatever is not known, and keep its cause", () => {
    const odd = new RangeError("odd");
    expect(asTunnelMeshError(odd)).toMatchObject({ code: "TM_INTERNAL", detail: "odd", cause: odd, exitCode: 1 });
    expect(asTunnelMeshError("text")).toMatchObject({ code: "TM_INTERNAL", detail: "text" });
    expect(asTunnelMeshError(undefined)).toMatchObject({ code: "TM_INTERNAL" });
  });

  it("make a usage error of what the parser throws", () => {
    const error = Object.assign(new Error("Nonexistent flag: --x\nSee more help with --help"), { oclif: { exit: 64 } });
    expect(asTunnelMeshError(error)).toMatchObject({ code: "TM_USAGE", detail: "Nonexistent flag: --x", exitCode: 64 });
  });
});

describe("what a host says in an error", () => {
  it("reaches no terminal as it is, with --verbose neither", () => {
    const steering = "\u001b]0;owned\u0007\u001b[2J";
    const cause = new Error(`stderr: ${steering}`);
    const error = new TunnelMeshError("TM_SSH_COMMAND_FAILED", { detail: steering, advice: [steering], cause });
    let said = "";
    const stderr = vi.spyOn(process.stderr, "write").mockImplementation((text) => {
      said += String(text);
      return true;
    });
    const before = process.exitCode;
    try {
      reportError(error, { json: false, verbose: true });
    } finally {
      stderr.mockRestore();
      process.exitCode = before;
    }
    expect(said.match(/\\x1b]0;owned\\x07/g)?.length).toBeGreaterThan(3);
    expect(said).not.toContain("\u001b]");
    expect(said).not.toContain("\u001b[2J");
  });
});

describe("the log", () => {
  it("keeps what came before the project was known", () => {
    using project = makeProject({});
    const log = createLog("local:up");
    log.write("first");
    expect(log.file).toBeUndefined();
    log.open(project.folder);
    log.open("/elsewhere");
    log.write("second");
    expect(path.basename(log.file ?? "")).toMatch(/^\d{4}-.*-local-up\.log$/);
    expect(readFileSync(log.file ?? "", "utf8")).toMatch(/^\S+Z first\n\S+Z second\n$/);
  });

  it("keeps nothing that would steer the terminal on which it is read", () => {
    using project = makeProject({});
    const log = createLog("deploy");
    log.open(project.folder);
    log.write("alpha: \u001b[2Jgone");
    expect(readFileSync(log.file ?? "", "utf8")).toContain("alpha: \\x1b[2Jgone");
  });
});

describe("interruption", () => {
  it.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)("aborts once at %s and ends at the second", async (signal) => {
    const file = path.join(root, "cli/frame/interrupt.ts");
    const script = `import { interruption } from ${JSON.stringify(file)};
      interruption().addEventListener("abort", () => console.log("aborted", interruption().reason.code));
      setInterval(() => undefined, 1000); console.log("ready");`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    let said = "";
    child.stdout.on("data", (chunk) => {
      said += chunk;
      if (/ready\n$|aborted TM_INTERRUPTED\n$/.test(said)) child.kill(signal);
    });
    expect(await new Promise((resolve) => child.once("close", resolve))).toBe(130);
    expect(said).toBe("ready\naborted TM_INTERRUPTED\n");
  });
});
