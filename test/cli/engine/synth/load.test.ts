// Stack files are found, loaded as TypeScript wherever they lie, and say where they are wrong.
import { spawn } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { makeProject, officeStack, root, runTm } from "../../run-tm.ts";

const synth = (cwd: string, ...more: string[]) => runTm(["synth", "--json", ...more], { cwd });
const parsed = (text: string) => JSON.parse(text) as { name?: string; error?: { code: string; detail: string } };

async function failure(stack: string, more: Readonly<Record<string, string>> = {}) {
  using project = makeProject({ "stack.ts": stack, ...more });
  const { stdout, code } = await synth(project.folder);
  expect(code).toBe(1);
  return parsed(stdout).error;
}

describe("loading a stack", () => {
  it("works in a project that npm init made, with imports as bundlers allow them", async () => {
    using project = makeProject({
      "package.json": JSON.stringify({ name: "office", type: "commonjs" }),
      "stack.ts": officeStack.replace(
        "export default",
        'import { names } from "./parts";\nimport { more } from "./parts/more.js";\nconsole.log(names, more);\nexport default',
      ),
      "parts/index.ts": "export const names: readonly string[] = ['a'];\n",
      "parts/more.ts": "export const more: number = 1;\n",
    });
    const { stdout, stderr, code } = await synth(project.folder);
    expect({ name: parsed(stdout).name, code }).toEqual({ name: "office-main", code: 0 });
    expect(stderr).toContain("[ 'a' ] 1");
  });

  it("uses this copy of the package even where another is installed", async () => {
    using project = makeProject({ "stack.ts": officeStack, "package.json": "{}" });
    const other = path.join(project.folder, "node_modules/tunnelmesh");
    mkdirSync(other, { recursive: true });
    writeFileSync(path.join(other, "package.json"), '{"name":"tunnelmesh","main":"index.js"}');
    writeFileSync(path.join(other, "index.js"), 'throw new Error("the wrong copy");');
    expect((await synth(project.folder)).code).toBe(0);
  });

  it("names the line of a syntax error", async () => {
    const error = await failure("const a = 1;\nconst b: = 2;\n");
    expect(error).toMatchObject({ code: "TM_STACK_SYNTAX" });
    expect(error?.detail).toMatch(/^stack\.ts:2: /);
  });

  it("names the line of TypeScript that would have to be compiled", async () => {
    const error = await failure("\n\nenum Colour { Red }\n");
    expect(error).toMatchObject({ code: "TM_STACK_SYNTAX" });
    expect(error?.detail).toMatch(/^stack\.ts:3: /);
  });

  it("names the file of a syntax error in an import", async () => {
    const error = await failure('import "./part.ts";\n', { "part.ts": "\nlet 1x;\n" });
    expect(error?.detail).toMatch(/^part\.ts:2: /);
  });

  it("names the line that threw", async () => {
    const error = await failure(officeStack.replace("return", 'if (mesh) throw new Error("boom");\n  return'));
    expect(error).toMatchObject({ code: "TM_STACK_FAILED", detail: "stack.ts:5: boom" });
  });

  it("blames the stack for a promise that nobody awaits", async () => {
    const error = await failure(
      `void Promise.reject(new Error("lost"));\nawait new Promise((resolve) => setTimeout(resolve, 5000));\n${officeStack}`,
    );
    expect(error).toMatchObject({ code: "TM_STACK_FAILED", detail: "stack.ts: lost" });
  });

  it("names the line of a member that is wrong", async () => {
    const error = await failure(officeStack.replace('"hub"', '"Hub!"'));
    expect(error?.code).toBe("TM_STACK_MEMBER_NAME");
    expect(error?.detail).toMatch(/^coordinator "Hub!" \(stack\.ts:4\): /);
  });

  it("says which import is not there", async () => {
    expect(await failure('import "./nowhere.ts";\n')).toMatchObject({
      code: "TM_STACK_IMPORT",
      detail: expect.stringMatching(/nowhere/),
    });
    expect(await failure('import "no-such-package";\n')).toMatchObject({
      code: "TM_STACK_IMPORT",
      detail: expect.stringMatching(/no-such-package/),
    });
    expect(await failure('import { nothing } from "tunnelmesh";\nnothing();\n')).toMatchObject({
      code: "TM_STACK_IMPORT",
      detail: expect.stringMatching(/nothing/),
    });
  });

  it("says when the file exports no stack", async () => {
    expect((await failure("export const a = 1;\n"))?.code).toBe("TM_STACK_NO_DEFAULT");
  });

  it("reports a stack that ends the process instead of ending with it", async () => {
    expect(await failure("process.exit(7);\n")).toMatchObject({
      code: "TM_STACK_FAILED",
      detail: expect.stringMatching(/code 7/),
    });
  });

  it("refuses an admin key behind a link that leaves the project", async () => {
    using project = makeProject({
      "stack.ts": officeStack.replace(/\["ssh.*?"\]/, '["./keys/me.pub"]'),
      "package.json": "{}",
    });
    mkdirSync(path.join(project.folder, "keys"));
    symlinkSync("/etc/hostname", path.join(project.folder, "keys/me.pub"));
    expect(parsed((await synth(project.folder)).stdout).error).toMatchObject({
      code: "TM_STACK_ADMIN_KEY",
      detail: expect.stringMatching(/leaves the project/),
    });
  });
});

describe("a stack that does not end", () => {
  it.each(["for (;;) {}", "await new Promise((resolve) => setTimeout(resolve, 60_000));"])(
    "is stopped: %s",
    async (line) => {
      using project = makeProject({ "stack.ts": `${line}\n`, "package.json": "{}" });
      const script = `import { loadModel } from ${JSON.stringify(path.join(root, "cli/engine/synth/load.ts"))};
      await loadModel({ cwd: ${JSON.stringify(project.folder)}, timeout: 800 }).catch((error) => console.log(error.code));`;
      const child = spawn(process.execPath, ["--conditions=tunnelmesh-source", "--input-type=module", "-e", script], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      let said = "";
      child.stdout.on("data", (chunk) => (said += chunk));
      await new Promise((resolve) => child.once("close", resolve));
      expect(said.trim()).toBe("TM_STACK_TIMEOUT");
    },
  );
});
