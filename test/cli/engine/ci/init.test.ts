// The configuration that tm ci init writes: golden files, what GitHub's linter says, and who sees which secret.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { ciFiles, writeCiFiles } from "../../../../cli/engine/ci/init.ts";
import { ciNeeds } from "../../../../cli/engine/ci/needs.ts";
import { renderCi } from "../../../../cli/output/ci.ts";
import type { MeshModel, StateModel } from "../../../../constructs/model.ts";

const model = (kind: "droplet" | "ssh", state: StateModel = { kind: "local" }) =>
  ({ stage: "prod", state, members: [{ name: "hub", host: { kind } }] }) as unknown as MeshModel;
const spaces: StateModel = {
  kind: "s3",
  bucket: "office-state",
  region: "fra1",
  endpoint: "https://fra1.digitaloceanspaces.com",
};
const cloud = ciNeeds(model("droplet", spaces), "stack.ts");
const servers = ciNeeds(model("ssh"), "stacks/servers.ts");

interface Step {
  readonly name?: string;
  readonly uses?: string;
  readonly run?: string;
  readonly env?: Readonly<Record<string, string>>;
}
interface Job {
  readonly permissions: Readonly<Record<string, string>>;
  readonly environment?: string;
  readonly if?: string;
  readonly steps: readonly Step[];
}
interface Workflow {
  readonly on: Readonly<Record<string, unknown>>;
  readonly permissions: object;
  readonly jobs: Readonly<Record<string, Job>>;
}
const workflows = (needs: typeof cloud) =>
  Object.entries(ciFiles("github", needs)).map(
    ([file, text]) => [path.basename(file, ".yml"), parse(text) as Workflow] as const,
  );
const jobsOf = (needs: typeof cloud) =>
  workflows(needs).flatMap(([file, { jobs }]) =>
    Object.entries(jobs).map(([name, job]) => [`${file}/${name}`, job] as const),
  );

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), "tm-ci-init-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("the files of tm ci init", () => {
  it.each([
    ["cloud", cloud],
    ["servers", servers],
  ] as const)("are the golden ones for a stack of %s", async (name, needs) => {
    for (const service of ["github", "gitlab"] as const) {
      for (const [file, text] of Object.entries(ciFiles(service, needs))) {
        await expect(text).toMatchFileSnapshot(path.join(import.meta.dirname, "golden", name, path.basename(file)));
      }
    }
  });

  it("pass GitHub's linter", () => {
    // GOBIN=~/.cache/tunnelmesh/bin go install github.com/rhysd/actionlint/cmd/actionlint@v1.7.12
    const linter = path.join(
      process.env["XDG_CACHE_HOME"] ?? path.join(homedir(), ".cache"),
      "tunnelmesh/bin/actionlint",
    );
    for (const [name, needs] of Object.entries({ cloud, servers })) {
      const project = path.join(folder, name);
      mkdirSync(path.join(project, ".github/workflows"), { recursive: true });
      const files = ciFiles("github", needs);
      for (const [file, text] of Object.entries(files)) writeFileSync(path.join(project, file), text);
      const { error, status, stdout } = spawnSync(linter, Object.keys(files), { cwd: project, encoding: "utf8" });
      if (error !== undefined) {
        process.stderr.write("actionlint is not installed: the workflows were not linted\n");
        return;
      }
      expect([status, stdout]).toEqual([0, ""]);
    }
  });

  it("pin every action by its commit, and put no expression into a script", () => {
    for (const text of Object.values(ciFiles("github", cloud))) {
      const uses = [...text.matchAll(/uses: (.*)/g)].map(([, action]) => action);
      expect(uses.length).toBeGreaterThan(2);
      for (const action of uses) expect(action).toMatch(/^[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
    }
    for (const [, { steps }] of jobsOf(cloud)) for (const { run } of steps) expect(run ?? "").not.toContain("${{");
  });

  it("give each job the least it needs, and a fork nothing", () => {
    for (const [, { on, permissions }] of workflows(cloud)) {
      expect([Object.keys(on).includes("pull_request_target"), permissions]).toEqual([false, {}]);
    }
    const writing = jobsOf(cloud).filter(([, { permissions }]) => Object.values(permissions).includes("write"));
    expect(writing.map(([name, { permissions }]) => [name, permissions])).toEqual([
      ["tm-plan/comment", { contents: "read", "pull-requests": "write" }],
      ["tm-drift/issue", { issues: "write" }],
    ]);
    const seeing = (secret: string) =>
      jobsOf(cloud).flatMap(([name, { steps, environment }]) =>
        steps.flatMap((step) =>
          JSON.stringify(step).includes(`secrets.${secret}`) ? [`${name} (${environment}): ${step.name}`] : [],
        ),
      );
    expect(seeing("TM_CI_TOKEN")).toEqual([
      "tm-deploy/deploy (production): Deploy",
      "tm-deploy/deploy (production): Status",
    ]);
    expect(seeing("DIGITALOCEAN_TOKEN")).toEqual([
      "tm-plan/plan (plan): Plan",
      "tm-deploy/plan (plan): Plan",
      "tm-deploy/deploy (production): Deploy",
      "tm-deploy/deploy (production): Status",
      "tm-deploy/deploy (production): Leave nothing open",
      "tm-drift/drift (plan): Look",
    ]);
    // A job that may write, or that runs for a fork, sees no secret.
    for (const [name, job] of jobsOf(cloud)) {
      if (job.environment === undefined)
        expect([name, JSON.stringify(job).includes("secrets.")]).toEqual([name, false]);
    }
    const forks = jobsOf(cloud).filter(([, job]) => job.if?.includes("head.repo.full_name != github.repository"));
    expect(forks.map(([name]) => name)).toEqual(["tm-plan/check"]);
  });

  it("leave the cloud out where the stack has none", () => {
    expect(Object.keys(ciFiles("github", servers)).map((file) => path.basename(file))).toEqual([
      "tm-plan.yml",
      "tm-deploy.yml",
    ]);
    for (const service of ["github", "gitlab"] as const) {
      expect(Object.values(ciFiles(service, servers)).join("")).not.toMatch(
        /setup-terraform|TERRAFORM|DIGITALOCEAN|sweep|drift/,
      );
    }
  });

  it("are kept where somebody edited them, unless that is forced", async () => {
    const project = path.join(folder, "edited");
    const files = ciFiles("gitlab", servers);
    const states = async (force: boolean) => (await writeCiFiles(project, files, { force })).map(({ state }) => state);
    expect([await states(false), await states(false)]).toEqual([["made"], ["same"]]);
    const file = path.join(project, ".gitlab/tm.gitlab-ci.yml");
    const edited = readFileSync(file, "utf8").replace("stage: deploy", "stage: release");
    writeFileSync(file, edited);
    const [kept] = await writeCiFiles(project, files, { force: false });
    expect([kept?.state, readFileSync(file, "utf8")]).toEqual(["kept", edited]);
    expect(kept?.difference).toMatch(/^-\s+stage: release\n\+\s+stage: deploy$/m);
    expect(await states(true)).toEqual(["replaced"]);
    expect(readFileSync(file, "utf8")).toBe(files[".gitlab/tm.gitlab-ci.yml"]);
  });

  it("take no path that would mean something in a workflow", () => {
    for (const stack of ["a'b.ts", "a b.ts", "../stack.ts", `$${"{{ x }}"}.ts`]) {
      expect(() => ciNeeds(model("ssh"), stack)).toThrow(/TM_CI_WRITE|could not be written/);
    }
  });
});

describe("what tm ci init says", () => {
  it("names secrets with the environments that they belong to, and the next step", () => {
    const said = renderCi("github", [{ file: "x.yml", state: "made" }], cloud);
    expect(said).toMatch(/TM_CI_TOKEN \(environment production alone\): tm token create --ci/);
    expect(said).toMatch(/SPACES_ACCESS_KEY_ID \(environments plan and production\)/);
    expect(said).not.toMatch(/on one machine/);
  });

  it("says when the state could not be shared with CI", () => {
    expect(renderCi("gitlab", [], ciNeeds(model("droplet"), "stack.ts"))).toMatch(/state on one machine/);
  });
});
