// On a terminal: questions are asked and obeyed, progress is drawn. script(1) of util-linux gives the terminal.
import { spawn } from "node:child_process";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { makeProject, officeStack, root } from "./run-tm.ts";

/** Runs a command line on a terminal and types each answer once its question is on the screen. */
function onTerminal(
  command: string,
  cwd: string,
  answers: readonly (readonly [RegExp, string])[],
): Promise<{ code: number | null; screen: string }> {
  const child = spawn("script", ["-qec", `stty cols 100 rows 40; exec ${command}`, "/dev/null"], {
    cwd,
    stdio: ["pipe", "pipe", "inherit"],
    timeout: 25_000,
  });
  const waiting = [...answers];
  let screen = "";
  child.stdout.on("data", (chunk) => {
    screen += chunk;
    const next = waiting[0];
    if (next?.[0].test(screen)) {
      waiting.shift();
      child.stdin.write(next[1]);
    }
  });
  return new Promise((resolve) => child.once("close", (code) => resolve({ code, screen })));
}

const node = `'${process.execPath}' --conditions=tunnelmesh-source`;
const tm = `${node} '${path.join(root, "cli/bin.ts")}'`;

describe("a question", () => {
  it("answered with no changes nothing", async () => {
    using project = makeProject({ "stack.ts": officeStack });
    const { code, screen } = await onTerminal(`${tm} destroy`, project.folder, [[/\(y\/N\) /, "n\n"]]);
    expect(screen).toContain("Destroy mesh office-main (hub)?");
    expect(screen).toContain("TM_DECLINED");
    expect(code).toBe(1);
  });

  it("about a protected stage wants its name", async () => {
    using project = makeProject({ "stack.ts": officeStack.replace("{ mesh }", "{ mesh, protect: true }") });
    const { code, screen } = await onTerminal(`${tm} destroy --yes`, project.folder, [[/destroy it: /, "prod\n"]]);
    expect(screen).toContain('"prod" is not main');
    expect(code).toBe(1);
  });

  it("ends with Ctrl-C", async () => {
    using project = makeProject({ "stack.ts": officeStack });
    const { code, screen } = await onTerminal(`${tm} destroy`, project.folder, [[/\(y\/N\) /, "\u0003"]]);
    expect(screen).toContain("stopping cleanly");
    expect(code).toBe(130);
  });

  it("is not asked with --no-input", async () => {
    using project = makeProject({ "stack.ts": officeStack });
    const { code, screen } = await onTerminal(`${tm} destroy --no-input`, project.folder, []);
    expect(screen).toContain("TM_NEEDS_CONFIRMATION");
    expect(code).toBe(64);
  });
});

describe("questions of several hosts at once", () => {
  it("are asked one after the other", async () => {
    const session = JSON.stringify(path.join(root, "cli/frame/session.ts"));
    using project = makeProject({
      "ask.ts": `import { openSession } from ${session};
        const flags = { "no-input": false, yes: false };
        const session = await openSession("test", flags, { json: false, verbose: false, plain: false });
        session.progress.phase("Reaching hosts");
        session.progress.row("alpha").update("connecting");
        const said = await Promise.all(["one", "two", "three"].map((name) => session.askText(name + "? ")));
        await session.progress.end();
        console.log("SAID " + said.join());\n`,
    });
    const answers = ["one", "two", "three"].map((name) => [new RegExp(`${name}\\? `), `${name[0]}\n`] as const);
    const { screen } = await onTerminal(`${node} ask.ts`, project.folder, answers);
    expect(screen).toContain("SAID o,t,t");
  });
});

describe("a secret", () => {
  it("is read and never shown", async () => {
    using project = makeProject({
      "ask.ts": `import { askSecret } from ${JSON.stringify(path.join(root, "cli/output/prompt.ts"))};
        const secret = await askSecret("Passphrase: ", new AbortController().signal);
        console.log("length " + secret.length);\n`,
    });
    const { screen } = await onTerminal(`${node} ask.ts`, project.folder, [[/Passphrase: /, "hunter2\n"]]);
    expect(screen).toContain("length 7");
    expect(screen).not.toContain("hunter2");
  });
});

describe("a progress list", () => {
  it("draws a row per host and holds still for a question", async () => {
    using project = makeProject({
      "work.ts": `import { createProgress } from ${JSON.stringify(path.join(root, "cli/output/create.ts"))};
        const progress = await createProgress({ mode: "list", log: () => undefined, verbose: false });
        progress.phase("Quick");
        progress.row("alpha").done("ready");
        progress.phase("Installing");
        const [alpha, beta] = [progress.row("alpha"), progress.row("beta")];
        alpha.update("uploading");
        await progress.suspend(async () => process.stderr.write("QUESTION\\n"));
        progress.row("gamma").skip("nothing to do");
        alpha.done("installed");
        beta.fail("no route");
        await progress.end();
        console.log("END");\n`,
    });
    const { code, screen } = await onTerminal(`${node} work.ts`, project.folder, []);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: terminal sequences are what is taken out
    const plain = screen.replace(/\u001b\[[0-9;?]*[A-Za-z]/g, "").replaceAll("\r", "");
    expect(code).toBe(0);
    expect(plain).toMatch(/Quick\n.*alpha {2}ready/);
    expect(plain).toContain("QUESTION\n");
    const end = plain.slice(plain.lastIndexOf("alpha  installed"));
    expect(end).toMatch(/^alpha {2}installed.*\n.*beta {2}no route\n.*gamma {2}nothing to do\nEND/);
  });
});
