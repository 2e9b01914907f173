// Runs the real command line as a process, without a terminal.
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

export const root = path.resolve(import.meta.dirname, "../..");
export const adminKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBEoaZFvgKyZg75GHxXua5ltzphNtNzfgm/uNjt39e99 alice";

export interface TmResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface TmOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Called with the process once it runs. */
  readonly onStart?: (child: ReturnType<typeof spawn>) => void;
}

export function runTm(
  parameters: readonly string[],
  { cwd = root, env = {}, onStart }: TmOptions = {},
): Promise<TmResult> {
  const base = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(TM_|NO_COLOR|CI$|DEBUG|NODE_|VITEST)/.test(name)),
  );
  const child = spawn(
    process.execPath,
    ["--conditions=tunnelmesh-source", path.join(root, "cli/bin.ts"), ...parameters],
    { cwd, env: { ...base, ...env }, stdio: ["ignore", "pipe", "pipe"], timeout: 25_000 },
  );
  onStart?.(child);
  const text = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => (text.stdout += chunk));
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => (text.stderr += chunk));
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, ...text }));
  });
}

/** A folder with these files, removed by `using`. */
export function makeProject(files: Readonly<Record<string, string>>): { readonly folder: string } & Disposable {
  const folder = mkdtempSync(path.join(tmpdir(), `tm-cli-${process.pid}-`));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), content);
  }
  return { folder, [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }) };
}

/** A stack file that makes sense, as text. */
export const officeStack = `import { defineStack, LocalHost, Mesh } from "tunnelmesh";
export default defineStack("office", () => {
  const mesh = new Mesh({ admins: ["${adminKey}"] });
  mesh.coordinator("hub", new LocalHost());
  return { mesh };
});
`;
