// Records docs/session.txt from a real run on three local hosts; as root: `./tm @docs/record.ts`, then `./tm @docs/picture.ts`.
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { Project, root } from "../test/e2e/project.ts";

/** Named for a reader of the picture, not for a process. */
class Recording extends Project {
  override readonly stack = "demo";
}

if (process.argv[1] === import.meta.filename) await record(path.join(import.meta.dirname, "session.txt"));

/** Deploys the stack of the quickstart under another name, looks around in it and takes it away again. */
async function record(file: string): Promise<void> {
  const project = new Recording("record").create("");
  // Hosts of somebody's own mesh of that name would be taken over, and removed at the end.
  if (Object.keys(await project.addresses()).length > 0) throw new Error(`there are hosts of ${project.mesh} already`);
  try {
    writeFileSync(path.join(project.folder, "stack.ts"), readStack(project.stack));
    const parts = [
      run(project, "cat stack.ts"),
      keepLastOfRows(run(project, "tm deploy --yes")),
      keepLastOfRows(run(project, "tm status")),
    ];
    const { alpha = "" } = await project.addresses();
    const command = "ping -c 2 gamma.mesh";
    const { code, stdout, stderr } = project.on(alpha, command);
    if (code !== 0) throw new Error(`${command} ended with ${code}: ${stderr}`);
    parts.push(`alpha# ${command}\n${stdout}`);
    writeFileSync(file, `${parts.map((part) => part.trim()).join("\n\n")}\n`);
  } finally {
    await project.remove();
  }
}

function readStack(name: string): string {
  return readFileSync(path.join(root, "stacks/quickstart.ts"), "utf8")
    .replace(/^\/\/.*\n/, "")
    .replace('"quickstart"', JSON.stringify(name))
    .replace("../keys/quickstart.pub", "./keys/admin.pub");
}

/** A command as it was typed and what came of it, both streams in their order. */
function run(project: Project, command: string): string {
  const started = command.replace(/^tm /, 'sh "$0/tm" ');
  const { status, stdout } = spawnSync("sh", ["-c", `exec 2>&1; ${started}`, root], {
    cwd: project.folder,
    encoding: "utf8",
    env: { ...process.env, NO_COLOR: "1", TM_STAGE: "main" },
  });
  if (status !== 0) throw new Error(`${command} ended with ${status}:\n${stdout}`);
  return `$ ${command}\n${stdout}`;
}

/** Of the lines that a host has in one phase only the last is kept, as the list on a terminal shows it. */
function keepLastOfRows(text: string): string {
  const lines = text.split("\n");
  const rowOf = (line: string) => /^([a-z][a-z0-9-]*): /.exec(line)?.[1];
  let phase = 0;
  const keyed = lines.map((line, index) => {
    if (line.startsWith("== ")) phase += 1;
    const row = rowOf(line);
    return { line, key: row === undefined ? `${index}` : `${phase} ${row}` };
  });
  const last = new Map(keyed.map(({ key, line }) => [key, line]));
  return [...last.values()].join("\n");
}
