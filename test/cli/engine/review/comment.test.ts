// The sticky comment against GitHub's API as it is: pages, authors, retries, limits, and every refusal in plain words.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { placeComment } from "../../../../cli/engine/review/comment.ts";
import { askGitHub } from "../../../../cli/engine/review/github.ts";

interface Kept {
  readonly id: number;
  body: string;
  readonly user: { readonly login: string; readonly type: string };
}

/** The few endpoints, as docs.github.com describes them. */
class FakeGitHub {
  readonly comments: Kept[] = [];
  readonly lines: string[] = [];
  login: string | undefined = "github-actions[bot]";
  /** Answers the next requests in place of what would be said; first in, first out. */
  readonly faults: { status: number; headers?: Record<string, string>; body?: string }[] = [];
  url = "";
  readonly server = createServer((request, response) => void this.answer(request, response));

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const at = new URL(request.url ?? "/", this.url);
    this.lines.push(`${request.method} ${at.pathname}${at.search}`);
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const say = (status: number, body: unknown, headers: Record<string, string> = {}): void => {
      response.writeHead(status, { "content-type": "application/json", ...headers });
      response.end(body === undefined ? undefined : JSON.stringify(body));
    };
    const fault = this.faults.shift();
    if (fault !== undefined) {
      response.writeHead(fault.status, fault.headers ?? {}).end(fault.body ?? '{"message":"a fault"}');
      return;
    }
    if (request.headers.authorization !== "Bearer t0ken") return say(401, { message: "Bad credentials" });
    if (request.headers["x-github-api-version"] !== "2022-11-28") return say(400, { message: "no version" });
    const shown = (comment: Kept) => ({
      ...comment,
      html_url: `https://github.com/acme/mesh/pull/7#issuecomment-${comment.id}`,
    });
    const route = `${request.method} ${at.pathname}`;
    const { body } = chunks.length === 0 ? { body: "" } : JSON.parse(Buffer.concat(chunks).toString("utf8"));
    if (route === "GET /user") {
      // As for the token of a workflow, which is an app's.
      if (this.login?.endsWith("[bot]") !== false)
        return say(403, { message: "Resource not accessible by integration" });
      return say(200, { login: this.login, type: "User" });
    }
    if (route === "GET /repos/acme/mesh/issues/7/comments") {
      const [page, size] = [Number(at.searchParams.get("page") ?? 1), Number(at.searchParams.get("per_page") ?? 30)];
      const more = page * size < this.comments.length;
      const link = {
        link: `<${this.url}${at.pathname}?per_page=${size}&page=${page + 1}>; rel="next", <${this.url}/x>; rel="last"`,
      };
      return say(200, this.comments.slice((page - 1) * size, page * size).map(shown), more ? link : {});
    }
    const found = this.comments.find(({ id }) => at.pathname === `/repos/acme/mesh/issues/comments/${id}`);
    if (body.length > 65_536)
      return say(422, { message: "Validation Failed", errors: [{ message: "Body is too long" }] });
    if (route === "POST /repos/acme/mesh/issues/7/comments") {
      const user = { login: this.login ?? "", type: this.login?.endsWith("[bot]") ? "Bot" : "User" };
      const comment = { id: 1000 + this.comments.length, body, user };
      this.comments.push(comment);
      return say(201, shown(comment));
    }
    if (request.method === "PATCH" && found !== undefined) {
      found.body = body;
      return say(200, shown(found));
    }
    if (request.method === "DELETE" && found !== undefined) {
      this.comments.splice(this.comments.indexOf(found), 1);
      return say(204, undefined);
    }
    return say(404, { message: "Not Found", documentation_url: "https://docs.github.com/rest" });
  }
}

const marker = "<!-- tm-plan stack=office stage=main -->";
const place = { repository: "acme/mesh", pullRequest: 7 };

describe("the sticky comment", () => {
  let github: FakeGitHub;
  const options = (token = "t0ken") => ({
    api: github.url,
    token,
    signal: new AbortController().signal,
    patience: 3000,
  });
  const put = (text: string, quiet = false) =>
    placeComment(options(), place, { marker, body: `${marker}\n${text}`, quiet });
  const others = (count: number): void => {
    for (let id = 1; id <= count; id++)
      github.comments.push({ id, body: `comment ${id}`, user: { login: "eve", type: "User" } });
  };

  beforeEach(async () => {
    github = new FakeGitHub();
    await new Promise<void>((resolve) => github.server.listen(0, "127.0.0.1", resolve));
    github.url = `http://127.0.0.1:${(github.server.address() as AddressInfo).port}`;
  });
  afterEach(async () => {
    github.server.closeAllConnections();
    await new Promise((resolve) => github.server.close(resolve));
  });

  it("is made once, changed afterwards, and left alone when it says the same, however many others there are", async () => {
    others(250);
    expect(await put("one")).toMatchObject({ action: "created", url: expect.stringContaining("issuecomment-1250") });
    expect(await put("two")).toMatchObject({ action: "updated" });
    github.comments.at(-1)!.body = github.comments.at(-1)!.body.replaceAll("\n", "\r\n");
    expect(await put("two")).toMatchObject({ action: "unchanged" });
    expect(github.comments).toHaveLength(251);
    expect(github.lines.filter((line) => line.includes("page=3"))).toHaveLength(3);
  });

  it("is another one for another stage", async () => {
    await put("one");
    const other = "<!-- tm-plan stack=office stage=prod -->";
    await placeComment(options(), place, { marker: other, body: `${other}\nx`, quiet: false });
    expect(github.comments).toHaveLength(2);
  });

  it("of no changes is made by nobody, but says so where one is", async () => {
    expect(await put("nothing", true)).toEqual({ action: "none" });
    await put("one");
    expect(await put("nothing", true)).toMatchObject({ action: "updated" });
  });

  it("is never somebody else's, who could change it afterwards", async () => {
    github.comments.push({ id: 1, body: `${marker}\nforged`, user: { login: "eve", type: "User" } });
    expect(await put("one")).toMatchObject({ action: "created" });
    expect(github.comments[0]?.body).toBe(`${marker}\nforged`);
    github.login = "alice";
    expect(await put("one")).toMatchObject({ action: "created" });
    expect(await put("two")).toMatchObject({ action: "updated" });
    expect(github.comments.map(({ user }) => user.login)).toEqual(["eve", "github-actions[bot]", "alice"]);
  });

  it("stands once after two runs made it at once", async () => {
    const user = { login: "github-actions[bot]", type: "Bot" };
    github.comments.push({ id: 1, body: `${marker}\na`, user }, { id: 2, body: `${marker}\nb`, user });
    await put("c");
    expect(github.comments.map(({ id, body }) => [id, body])).toEqual([[1, `${marker}\nc`]]);
  });

  it("waits for limits that end soon, and for a server that recovers", async () => {
    const reset = String(Math.floor(Date.now() / 1000));
    github.faults.push(
      { status: 403, headers: { "retry-after": "0" } },
      { status: 429, headers: { "x-ratelimit-remaining": "0", "x-ratelimit-reset": reset } },
      { status: 502, body: "<html>" },
    );
    expect(await put("one")).toMatchObject({ action: "created" });
  });

  it.each<[string, { status: number; headers?: Record<string, string>; body?: string }, string]>([
    [
      "a limit for an hour",
      { status: 403, headers: { "x-ratelimit-remaining": "0", "x-ratelimit-reset": "99999999999" } },
      "TM_COMMENT_RATE_LIMIT",
    ],
    ["a refused token", { status: 401 }, "TM_COMMENT_TOKEN"],
    ["a repository that is not there", { status: 404 }, "TM_COMMENT_NOT_FOUND"],
    [
      "a locked conversation",
      { status: 422, body: '{"message":"Validation Failed","errors":[{"message":"locked"}]}' },
      "TM_COMMENT_REFUSED",
    ],
    ["an answer that is none", { status: 200, body: "<html>" }, "TM_COMMENT_UNREACHABLE"],
    ["a redirect elsewhere", { status: 302, headers: { location: "https://evil.example" } }, "TM_COMMENT_UNREACHABLE"],
  ])("says what %s is", async (_, fault, code) => {
    const many = code === "TM_COMMENT_UNREACHABLE" && fault.status === 302 ? [fault, fault, fault, fault] : [fault];
    github.faults.push(...many);
    await expect(put("one")).rejects.toMatchObject({ code });
  });

  it("says that a token may not comment, as that of a fork, and what GitHub said", async () => {
    github.faults.push({ status: 403, body: '{"message":"Resource not accessible by integration"}' });
    const at = "/repos/acme/mesh/issues/7/comments";
    await expect(askGitHub(options(), "POST", at, { body: "x" })).rejects.toMatchObject({
      code: "TM_COMMENT_FORBIDDEN",
      detail: `${at}: 403 Resource not accessible by integration`,
    });
    await expect(askGitHub(options(), "POST", at, { body: "x".repeat(65_537) })).rejects.toMatchObject({
      code: "TM_COMMENT_REFUSED",
      detail: expect.stringContaining("Body is too long"),
    });
  });

  it("is not made twice when the answer is lost, and its token goes nowhere else", async () => {
    github.faults.push({ status: 500 });
    const at = "/repos/acme/mesh/issues/7/comments";
    await expect(askGitHub(options(), "POST", at, { body: "x" })).rejects.toMatchObject({
      code: "TM_COMMENT_UNREACHABLE",
    });
    expect(github.lines).toHaveLength(1);
    github.faults.push({ status: 200, headers: { link: '<https://evil.example/x>; rel="next"' }, body: "[]" });
    await expect(askGitHub(options(), "GET", at)).rejects.toMatchObject({ code: "TM_COMMENT_UNREACHABLE" });
  });
});
