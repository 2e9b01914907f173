// The configuration for GitLab: documented keywords alone, what each job may see, and which pipeline starts which job.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { ciFiles } from "../../../../cli/engine/ci/init.ts";
import { ciNeeds } from "../../../../cli/engine/ci/needs.ts";
import { renderCi } from "../../../../cli/output/ci.ts";
import type { MeshModel } from "../../../../constructs/model.ts";

const needsOf = (kind: "droplet" | "ssh") =>
  ciNeeds(
    { stage: "prod", state: { kind: "local" }, members: [{ name: "hub", host: { kind } }] } as unknown as MeshModel,
    "stack.ts",
  );
const stacks = { cloud: needsOf("droplet"), servers: needsOf("ssh") };
const textOf = (name: keyof typeof stacks) => ciFiles("gitlab", stacks[name])[".gitlab/tm.gitlab-ci.yml"] ?? "";

/** By GitLab's reference of keywords (docs.gitlab.com/ci/yaml), as far as a job of ours uses them. */
const commands = z.array(z.string().min(1)).min(1);
const job = z.strictObject({
  extends: z.string().optional(),
  // Those that GitLab has where no `stages` is set: the file is included, and leaves that to its project.
  stage: z.enum(["build", "test", "deploy"]).optional(),
  image: z.string().optional(),
  interruptible: z.boolean().optional(),
  timeout: z
    .string()
    .regex(/^\d+ minutes$/)
    .optional(),
  variables: z.record(z.string().regex(/^[A-Z_]+$/), z.string()).optional(),
  needs: z.array(z.string()).optional(),
  resource_group: z
    .string()
    .regex(/^[A-Za-z0-9_/$.-]+$/)
    .optional(),
  environment: z
    .strictObject({ name: z.string(), action: z.enum(["start", "prepare", "stop", "verify", "access"]).optional() })
    .optional(),
  rules: z
    .array(z.strictObject({ if: z.string(), when: z.enum(["on_success", "manual", "never", "always"]).optional() }))
    .optional(),
  before_script: commands.optional(),
  script: commands.optional(),
  after_script: commands.optional(),
  artifacts: z
    .strictObject({
      expire_in: z.string().regex(/^\d+ days$/),
      paths: z.array(z.string()).min(1),
      reports: z.strictObject({ terraform: z.string(), dotenv: z.string() }),
    })
    .optional(),
});
const file = z.record(z.string(), job);

describe.each(Object.keys(stacks) as (keyof typeof stacks)[])("GitLab's configuration for a stack of %s", (name) => {
  const jobs = file.parse(parse(textOf(name)));
  const started = Object.entries(jobs).filter(([key]) => !key.startsWith("."));

  it("has jobs that extend and need what is there, and end by themselves", () => {
    for (const [key, { extends: base, needs = [], script, timeout, rules, stage }] of started) {
      expect([key, Object.keys(jobs)]).toEqual([key, expect.arrayContaining([base, ...needs])]);
      expect([key, script, timeout, rules, stage]).not.toContain(undefined);
    }
  });

  it("reads every variable of a script from itself, GitLab, or what is to be set", () => {
    const { variables = {} } = jobs[".tm"]!;
    const known = new Set([...Object.keys(variables), "DIGEST"]);
    const scripts = Object.values(jobs).flatMap((one) => [
      ...(one.before_script ?? []),
      ...(one.script ?? []),
      ...(one.after_script ?? []),
    ]);
    const local = new Set(
      scripts.flatMap((text) => [...text.matchAll(/^\s*(\w+)=/gm)].map(([, variable]) => variable)),
    );
    const used = scripts.flatMap((text) => [...text.matchAll(/\$\{?(\w+)/g)].map(([, variable]) => variable));
    expect(used.filter((variable) => !known.has(variable ?? "") && !local.has(variable))).toEqual([]);
  });

  it("deploys one at a time, when somebody starts it, and exactly what was planned", () => {
    const deploy = jobs["tm:deploy"];
    expect(deploy).toMatchObject({
      environment: { name: "production" },
      resource_group: "tm-deploy-prod",
      needs: ["tm:plan"],
    });
    expect(deploy?.rules?.map(({ when }) => when)).toEqual(["manual"]);
    expect(deploy?.script?.[0]).toContain('--expect-digest "$DIGEST"');
    expect(jobs["tm:plan"]?.environment).toEqual({ name: "plan", action: "verify" });
  });
});

// npm install --prefix ~/.cache/tunnelmesh/gitlab-ci-local gitlab-ci-local@4.75.1
const cache = process.env["XDG_CACHE_HOME"] ?? path.join(homedir(), ".cache");
const linter = path.join(cache, "tunnelmesh/gitlab-ci-local/node_modules/.bin/gitlab-ci-local");

describe.runIf(existsSync(linter))("what gitlab-ci-local makes of it, by GitLab's own schema", () => {
  it.each([
    ["merge request", { CI_PIPELINE_SOURCE: "merge_request_event", CI_COMMIT_BRANCH: "feature" }, ["tm:plan"]],
    [
      "merge request of a fork",
      {
        CI_PIPELINE_SOURCE: "merge_request_event",
        CI_COMMIT_BRANCH: "feature",
        CI_MERGE_REQUEST_SOURCE_PROJECT_ID: "2",
      },
      [],
    ],
    ["push to main", { CI_PIPELINE_SOURCE: "push", CI_COMMIT_BRANCH: "main" }, ["tm:plan", "tm:deploy"]],
    ["push to a branch", { CI_PIPELINE_SOURCE: "push", CI_COMMIT_BRANCH: "feature" }, []],
    ["schedule", { CI_PIPELINE_SOURCE: "schedule", CI_COMMIT_BRANCH: "main" }, ["tm:drift"]],
  ])("a %s starts what it should", (_, given, wanted) => {
    const folder = mkdtempSync(path.join(tmpdir(), "tm-gitlab-"));
    try {
      writeFileSync(path.join(folder, ".gitlab-ci.yml"), textOf("cloud"));
      const git = (...command: readonly string[]) => spawnSync("git", ["-C", folder, ...command]);
      git("init", "-q", "-b", "main");
      git("remote", "add", "origin", "git@gitlab.com:acme/mesh.git");
      git("add", ".");
      git("-c", "user.name=test", "-c", "user.email=test@example.org", "commit", "-q", "-m", "test");
      const variables = {
        CI_DEFAULT_BRANCH: "main",
        CI_PROJECT_ID: "1",
        CI_MERGE_REQUEST_SOURCE_PROJECT_ID: "1",
        ...given,
      };
      const flags = Object.entries(variables).flatMap(([name, value]) => ["--variable", `${name}=${value}`]);
      const { status, stdout, stderr } = spawnSync(linter, ["--list-csv", ...flags], { cwd: folder, encoding: "utf8" });
      expect(status, stderr).toBe(0);
      const names = stdout.match(/^tm:\w+/gm) ?? [];
      expect(names).toEqual(wanted);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

describe("what tm ci init says for GitLab", () => {
  it("has the variables of production protected, and those of plan not, which a merge request would not see", () => {
    for (const said of [renderCi("gitlab", [], stacks.cloud), textOf("cloud")]) {
      expect(said).toMatch(/Protect those of production/);
      expect(said).toMatch(/TM_CI_TOKEN \((?:environment )?production/);
      expect(said).toMatch(/DIGITALOCEAN_TOKEN \((?:environments )?plan and production/);
    }
  });
});
