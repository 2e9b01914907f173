// A fresh clone of a project in a home of its own: what a job of CI has, and no key of anybody.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import path from "node:path";
import { Project } from "./project.ts";

const author = ["-c", "user.name=alice", "-c", "user.email=alice@example.org"];

/** Commits all that a project would have committed, as `tm init` says what that is. */
export function commitProject(folder: string, message: string): void {
  writeFileSync(path.join(folder, ".gitignore"), "node_modules/\n.tm/\nkeys/*\n!keys/*.pub\n");
  const git = (...parameters: string[]) =>
    execFileSync("git", [...author, ...parameters], { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  git("init", "-q", "-b", "main");
  git("add", "-A");
  git("commit", "-q", "--allow-empty", "-m", message);
}

/** Clones the last commit of `project`; `dispose` takes clone and home away. */
export function checkOut(purpose: string, project: Project): { readonly job: Project; dispose(): void } {
  const place = mkdtempSync(path.join(tmpdir(), `tm-e2e-${purpose}-job-`));
  const folder = path.join(place, "checkout");
  execFileSync("git", ["clone", "-q", project.folder, folder], { stdio: ["ignore", "pipe", "pipe"] });
  const home = path.join(place, "home");
  mkdirSync(home);
  const job = new Project(purpose, folder);
  // The cache holds Node and releases, as an image of CI would; nothing of a person.
  const cache = process.env["XDG_CACHE_HOME"] ?? path.join(homedir(), ".cache");
  job.environment = { HOME: home, XDG_CACHE_HOME: cache, SSH_AUTH_SOCK: "", CI: "true" };
  return { job, dispose: () => rmSync(place, { recursive: true, force: true }) };
}
