// The commands around a mesh as they are called: what they refuse before they connect to anything.
import { describe, expect, it } from "vitest";
import { makeProject, officeStack, runTm } from "./run-tm.ts";

describe("a command line that does not fit", () => {
  it.each([
    ["exec without a command", ["exec", "hub"], /the command stands after --/],
    ["exec with nothing after --", ["exec", "hub", "--"], /the command stands after --/],
    ["exec without a host", ["exec", "--", "true"], /name one member, or a group/],
    ["exec with a host and a group", ["exec", "hub", "--group", "g", "--", "true"], /name one member, or a group/],
    ["exec with a command before --", ["exec", "hub", "true"], /true/],
    ["logs that follow as JSON", ["logs", "hub", "-f", "--json"], /no --follow/],
    ["an inventory in no known form", ["inventory", "--format", "xml"], /ansible/],
    ["ssh with --json", ["ssh", "hub", "--json"], /json/],
  ])("%s ends with 64", async (_, parameters, says) => {
    const { code, stdout, stderr } = await runTm(parameters);
    expect(code).toBe(64);
    expect(stdout + stderr).toMatch(says);
  });
});

describe("before the first deploy", () => {
  it.each([
    ["exec", ["exec", "hub", "--json", "--", "echo", "--json"]],
    ["logs", ["logs", "hub", "--json"]],
    ["inventory", ["inventory", "--json"]],
    ["ssh", ["ssh", "hub"]],
  ])("%s says so", async (_, parameters) => {
    using project = makeProject({ "stack.ts": officeStack, "package.json": "{}" });
    const { code, stdout, stderr } = await runTm(parameters, { cwd: project.folder });
    expect(code).toBe(1);
    expect(stdout + stderr).toContain("TM_DEPLOY_NOT_DEPLOYED");
  });
});

describe("what stands after --", () => {
  it("is the host's: --json and --help there are not tm's", async () => {
    using project = makeProject({ "stack.ts": officeStack, "package.json": "{}" });
    const { code, stdout, stderr } = await runTm(["exec", "hub", "--", "ls", "--help", "--json"], {
      cwd: project.folder,
    });
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain("Code: TM_DEPLOY_NOT_DEPLOYED");
  });
});
