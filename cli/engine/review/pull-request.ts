// Where a plan's comment belongs, and by which token: what a GitHub workflow says, else flags and the gh program.
import { readFile } from "node:fs/promises";
import { execa } from "execa";
import { z } from "zod";
import { TunnelMeshError } from "../../../protocol/errors/error.ts";
import type { CommentPlace } from "./comment.ts";

type Environment = Readonly<Record<string, string | undefined>>;

const number = z.int().positive();
const event = z.object({
  number: number.optional(),
  pull_request: z.object({ number }).optional(),
  issue: z.object({ number, pull_request: z.unknown().optional() }).optional(),
});
const repositoryName = /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})\/[A-Za-z0-9._-]{1,100}$/;

/** @throws TunnelMeshError TM_COMMENT_PLACE */
export async function findPlace(
  flags: { readonly repository?: string | undefined; readonly pullRequest?: number | undefined },
  environment: Environment,
): Promise<CommentPlace> {
  const repository = flags.repository ?? environment["GITHUB_REPOSITORY"];
  if (repository === undefined || !repositoryName.test(repository)) {
    throw new TunnelMeshError("TM_COMMENT_PLACE", {
      detail:
        repository === undefined ? "the repository is not known" : `${JSON.stringify(repository)} is not OWNER/NAME`,
    });
  }
  const pullRequest = flags.pullRequest ?? (await numberOfEvent(environment["GITHUB_EVENT_PATH"]));
  if (pullRequest === undefined) {
    throw new TunnelMeshError("TM_COMMENT_PLACE", { detail: "the pull request is not known" });
  }
  return { repository, pullRequest };
}

async function numberOfEvent(file: string | undefined): Promise<number | undefined> {
  if (file === undefined || file === "") return undefined;
  try {
    const { pull_request: pull, issue, number: plain } = event.parse(JSON.parse(await readFile(file, "utf8")));
    // An event of an issue has the same form as one of a pull request, but for this field.
    return pull?.number ?? (issue?.pull_request === undefined ? undefined : issue.number) ?? plain;
  } catch (error) {
    throw new TunnelMeshError("TM_COMMENT_PLACE", {
      detail: `GITHUB_EVENT_PATH, ${file}, does not read`,
      cause: error,
    });
  }
}

/** The address of the API; the token is sent there, so nothing but https is taken, or this machine itself. */
export function apiOf(environment: Environment): string {
  const api = environment["GITHUB_API_URL"] || "https://api.github.com";
  const url = URL.parse(api);
  const here = url?.protocol === "http:" && ["127.0.0.1", "[::1]", "localhost"].includes(url.hostname);
  if (url?.protocol === "https:" || here) return api.replace(/\/+$/, "");
  throw new TunnelMeshError("TM_COMMENT_PLACE", { detail: `GITHUB_API_URL is ${JSON.stringify(api)}, not https` });
}

/** GITHUB_TOKEN, GH_TOKEN, or what `gh` is signed in with. @throws TunnelMeshError TM_COMMENT_TOKEN */
export async function findToken(environment: Environment): Promise<string> {
  const given = environment["GITHUB_TOKEN"] || environment["GH_TOKEN"];
  if (given) return given;
  const { failed, stdout } = await execa("gh", ["auth", "token"], { reject: false, stdin: "ignore", timeout: 15_000 });
  if (failed || stdout.trim() === "") throw new TunnelMeshError("TM_COMMENT_TOKEN", { detail: "there is no token" });
  return stdout.trim();
}

/** Where the workflow's run is to be read; undefined outside of one. */
export function runAddress(environment: Environment): string | undefined {
  const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: repository, GITHUB_RUN_ID: run } = environment;
  if (server === undefined || repository === undefined || run === undefined) return undefined;
  if (!repositoryName.test(repository) || !/^\d+$/.test(run) || URL.parse(server)?.protocol !== "https:")
    return undefined;
  return `${server.replace(/\/+$/, "")}/${repository}/actions/runs/${run}`;
}
