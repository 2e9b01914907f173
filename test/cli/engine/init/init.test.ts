// tm init: what it makes, what it keeps, and whose key it takes.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { projectName } from "../../../../cli/engine/init/files.ts";
import { makeProject, root, runTm } from "../../run-tm.ts";

/** A home with a key per comment, and an empty place for a project. */
function makeHome(...comments: string[]) {
  const home = makeProject({ "home/.ssh/known_hosts": "", "work/README": "" });
  for (const [index, comment] of comments.entries()) makeKey(path.join(home.folder, `home/.ssh/id_${index}`), comment);
  const work = path.join(home.folder, "work");
  const env = { HOME: path.join(home.folder, "home"), SSH_AUTH_SOCK: "" };
  return {
    work,
    home: path.join(home.folder, "home"),
    init: (...parameters: string[]) => runTm(["init", ...parameters], { cwd: work, env }),
    [Symbol.dispose]: () => home[Symbol.dispose](),
  };
}

function makeKey(file: string, comment: string, type = "ed25519"): void {
  execFileSync("ssh-keygen", ["-q", "-t", type, "-N", "", "-C", comment, "-f", file]);
}

const json = (file: string) => JSON.parse(readFileSync(file, "utf8"));

describe("a project", () => {
  it("is whole: its stack synthesises with the key that was found", async () => {
    using at = makeHome("alice@laptop");
    const outcome = await at.init("Our Office", "--json");
    expect(outcome).toMatchObject({ code: 0, stderr: "" });
    const made = JSON.parse(outcome.stdout);
    const folder = path.join(at.work, "Our Office");
    expect(made).toMatchObject({ folder, dependency: `file:${root}` });
    expect(made.next.slice(-3)).toEqual(["put your machines into stack.ts", "tm plan", "tm deploy"]);
    expect(made.next[0]).toBe("cd 'Our Office'");
    expect(readdirSync(folder).toSorted()).toEqual([".gitignore", "keys", "package.json", "stack.ts", "tsconfig.json"]);
    expect(json(path.join(folder, "package.json"))).toMatchObject({ name: "our-office", type: "module" });
    expect(readFileSync(path.join(folder, "keys/alice.pub"), "utf8")).toBe(
      readFileSync(path.join(at.home, ".ssh/id_0.pub"), "utf8"),
    );
    const synth = await runTm(["synth"], { cwd: folder });
    expect(JSON.parse(synth.stdout)).toMatchObject({
      stack: "our-office",
      members: [{ name: "hub" }, { name: "laptop" }],
    });
  });

  it("ignores private keys in keys/", async () => {
    using at = makeHome("alice");
    await at.init();
    execFileSync("git", ["init", "-q"], { cwd: at.work });
    makeKey(path.join(at.work, "keys/deploy"), "ci");
    const shown = execFileSync("git", ["ls-files", "--others", "--exclude-standard"], {
      cwd: at.work,
      encoding: "utf8",
    });
    expect(shown.split("\n")).toEqual(expect.arrayContaining(["keys/alice.pub", "keys/deploy.pub", "stack.ts"]));
    expect(shown).not.toMatch(/^keys\/deploy$/m);
  });

  it("is made once: what is there is kept, byte for byte", async () => {
    using at = makeHome("alice");
    writeFileSync(path.join(at.work, "package.json"), '{ "name": "mine" }\n');
    expect((await at.init()).stdout).toMatch(/^ {2}npm install file:/m);
    writeFileSync(path.join(at.work, "stack.ts"), "// mine\n");
    const again = await at.init("--json");
    const states = JSON.parse(again.stdout).files.map(({ file, state }: Record<string, string>) => `${state} ${file}`);
    expect(states.toSorted()).toEqual([
      "kept .gitignore",
      "kept keys/alice.pub",
      "kept package.json",
      "kept stack.ts",
      "kept tsconfig.json",
    ]);
    expect(readFileSync(path.join(at.work, "stack.ts"), "utf8")).toBe("// mine\n");
    expect(readFileSync(path.join(at.work, "package.json"), "utf8")).toBe('{ "name": "mine" }\n');
  });

  it("takes all keys that are in keys/ and asks for none", async () => {
    using at = makeHome();
    mkdirSync(path.join(at.work, "keys"));
    for (const name of ["bob", "alice"]) makeKey(path.join(at.work, "keys", name), name);
    expect(await at.init()).toMatchObject({ code: 0 });
    expect(readFileSync(path.join(at.work, "stack.ts"), "utf8")).toContain(
      'admins: ["./keys/alice.pub", "./keys/bob.pub"]',
    );
  });

  it("gets a name whatever its folder is called", () => {
    expect(["Büro 2", "---", "a".repeat(99), "x.y/z"].map(projectName)).toEqual([
      "b-ro-2",
      "mesh",
      "a".repeat(40),
      "x-y-z",
    ]);
  });
});

describe("the admin's key", () => {
  it("is refused a guess among several, and nothing is written", async () => {
    using at = makeHome("alice", "bob@work");
    const outcome = await at.init("there");
    expect(outcome.code).toBe(64);
    expect(outcome.stderr).toContain("TM_INIT_SEVERAL_KEYS");
    expect(outcome.stderr).toMatch(/2 {2}ssh-ed25519 SHA256:\S+ bob@work \(.*id_1\.pub\)/);
    expect(existsSync(path.join(at.work, "there"))).toBe(false);
  });

  it("may be named: by its private file, whose .pub says whose it is", async () => {
    using at = makeHome("alice", "bob@work");
    expect(await at.init("--admin-key", "../home/.ssh/id_1")).toMatchObject({ code: 0 });
    expect(readdirSync(path.join(at.work, "keys"))).toEqual(["bob.pub"]);
  });

  it("that ssh offers to no host is to be loaded, and one of a default name is not", async () => {
    using at = makeHome("alice");
    const step = "ssh-add .*/id_0 {3}# it signs";
    expect((await at.init("other")).stdout).toMatch(new RegExp(`^ {2}${step}`, "m"));
    for (const end of ["", ".pub"]) {
      renameSync(path.join(at.home, `.ssh/id_0${end}`), path.join(at.home, `.ssh/id_ed25519${end}`));
    }
    expect((await at.init("usual")).stdout).not.toContain("ssh-add");
  });

  it("has to be there", async () => {
    using at = makeHome();
    expect((await at.init()).stderr).toContain("TM_INIT_NO_KEY");
    expect((await at.init("--admin-key", "nowhere.pub")).stderr).toContain("TM_INIT_KEY_FILE");
    writeFileSync(path.join(at.work, "not.pub"), "no key\n");
    expect((await at.init("--admin-key", "not.pub")).stderr).toContain("TM_INIT_KEY_FILE");
  });

  it("is the agent's, once, when a file has it too", async () => {
    using at = makeHome("alice");
    const socket = path.join(at.home, "agent");
    const started = execFileSync("ssh-agent", ["-a", socket, "-s"], { encoding: "utf8" });
    const pid = Number(/SSH_AGENT_PID=(\d+)/.exec(started)?.[1]);
    try {
      const env = { HOME: at.home, SSH_AUTH_SOCK: socket };
      execFileSync("ssh-add", ["-q", path.join(at.home, ".ssh/id_0")], { env: { ...process.env, ...env } });
      expect(await runTm(["init"], { cwd: at.work, env })).toMatchObject({ code: 0 });
      expect(readdirSync(path.join(at.work, "keys"))).toEqual(["alice.pub"]);
    } finally {
      process.kill(pid);
    }
  });
});
