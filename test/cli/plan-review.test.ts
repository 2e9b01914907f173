// tm plan render and tm plan comment as processes: forms, exit codes, where a comment belongs, and no token anywhere.
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { reviewRecorded } from "./engine/review/recorded.ts";
import { makeProject, runTm } from "./run-tm.ts";

const golden = path.join(import.meta.dirname, "engine/review/golden");

describe("tm plan render", () => {
  it("shows a saved plan in each form, and writes it where --out says", async () => {
    using project = makeProject({ "plan.json": JSON.stringify(await reviewRecorded()) });
    const cwd = project.folder;
    const [text, markdown, report] = await Promise.all([
      runTm(["plan", "render", "plan.json"], { cwd }),
      runTm(["plan", "render", "plan.json", "--format", "markdown"], { cwd }),
      runTm(["plan", "render", "plan.json", "--format", "gitlab", "--out", "report.json"], { cwd }),
    ]);
    expect([text.code, text.stdout]).toEqual([0, readFileSync(path.join(golden, "plan.txt"), "utf8")]);
    expect([markdown.code, markdown.stdout]).toEqual([0, readFileSync(path.join(golden, "comment.md"), "utf8")]);
    expect([report.code, report.stdout]).toEqual([0, ""]);
    expect(JSON.parse(readFileSync(path.join(cwd, "report.json"), "utf8"))).toEqual({
      create: 6,
      update: 2,
      delete: 6,
    });
  });

  it.each([
    ["that is not there", undefined],
    ["that is no JSON", "plan"],
    ["of another form", '{"schema":"tm.plan/v9"}'],
  ])("refuses a file %s", async (_, content) => {
    using project = makeProject(content === undefined ? {} : { "plan.json": content });
    const { code, stdout } = await runTm(["plan", "render", "plan.json", "--json"], { cwd: project.folder });
    expect([code, JSON.parse(stdout)]).toMatchObject([1, { error: { code: "TM_PLAN_FILE" } }]);
  });
});

describe("tm plan comment", () => {
  it("finds place and token as a workflow gives them, and comments", async () => {
    const asked: { readonly line: string; readonly token: string | undefined; readonly body: string }[] = [];
    const server = createServer(async (request, response) => {
      let body = "";
      for await (const chunk of request.setEncoding("utf8")) body += chunk;
      asked.push({ line: `${request.method} ${request.url}`, token: request.headers.authorization, body });
      if (request.url === "/user")
        return response.writeHead(403).end('{"message":"Resource not accessible by integration"}');
      if (request.method === "GET") return response.end("[]");
      const made = { id: 1, body: "", html_url: "https://github.com/acme/mesh/pull/7#issuecomment-1" };
      return response.writeHead(201).end(JSON.stringify(made));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    try {
      using project = makeProject({
        "plan.json": JSON.stringify(await reviewRecorded()),
        "event.json": JSON.stringify({ action: "opened", number: 7, pull_request: { number: 7 } }),
      });
      const env = {
        GITHUB_API_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
        GITHUB_TOKEN: "t0ken-of-this-run",
        GITHUB_REPOSITORY: "acme/mesh",
        GITHUB_EVENT_PATH: path.join(project.folder, "event.json"),
        GITHUB_SERVER_URL: "https://github.com",
        GITHUB_RUN_ID: "42",
      };
      const { code, stdout, stderr } = await runTm(["plan", "comment", "plan.json", "--json"], {
        cwd: project.folder,
        env,
      });
      expect([code, stderr, JSON.parse(stdout)]).toEqual([
        0,
        "",
        {
          repository: "acme/mesh",
          pullRequest: 7,
          action: "created",
          url: "https://github.com/acme/mesh/pull/7#issuecomment-1",
        },
      ]);
      expect(asked.map(({ line }) => line)).toEqual([
        "GET /user",
        "GET /repos/acme/mesh/issues/7/comments?per_page=100",
        "POST /repos/acme/mesh/issues/7/comments",
      ]);
      expect(new Set(asked.map(({ token }) => token))).toEqual(new Set(["Bearer t0ken-of-this-run"]));
      const { body } = JSON.parse(asked.at(-1)!.body) as { readonly body: string };
      expect(body).toContain("[run](https://github.com/acme/mesh/actions/runs/42)");
      expect(body + stdout).not.toContain("t0ken");
    } finally {
      server.close();
    }
  });

  it("says what it does not know, and sends a token nowhere in clear text", async () => {
    using project = makeProject({ "plan.json": JSON.stringify(await reviewRecorded()) });
    const cwd = project.folder;
    writeFileSync(path.join(cwd, "issue.json"), JSON.stringify({ issue: { number: 3 } }));
    const clean = { GITHUB_REPOSITORY: "", GITHUB_EVENT_PATH: "", GITHUB_TOKEN: "t0ken", GITHUB_API_URL: "" };
    const run = (env: Record<string, string>) =>
      runTm(["plan", "comment", "plan.json", "--json"], { cwd, env: { ...clean, ...env } });
    const results = await Promise.all([
      run({}),
      run({ GITHUB_REPOSITORY: "acme/mesh" }),
      run({ GITHUB_REPOSITORY: "acme/mesh", GITHUB_EVENT_PATH: path.join(cwd, "issue.json") }),
      run({ GITHUB_REPOSITORY: "acme/../x", GITHUB_EVENT_PATH: "" }),
    ]);
    for (const { code, stdout } of results) {
      expect([code, JSON.parse(stdout)]).toMatchObject([64, { error: { code: "TM_COMMENT_PLACE" } }]);
    }
    const plainText = await runTm(
      ["plan", "comment", "plan.json", "--json", "--repository", "acme/mesh", "--pull-request", "1"],
      { cwd, env: { ...clean, GITHUB_API_URL: "http://github.example" } },
    );
    expect([plainText.code, plainText.stdout]).toEqual([64, expect.stringContaining("not https")]);
  });
});
