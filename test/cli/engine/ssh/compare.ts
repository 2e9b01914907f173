// Reads each configuration of the corpus with the program ssh and without, and prints both; started by configuration.lab.test.ts.
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import { resolveTarget } from "../../../../cli/engine/ssh/configuration.ts";
import { corpus } from "./corpus.ts";

const folder = path.join(homedir(), ".ssh");
const read = (target: string, useSshProgram: boolean) =>
  resolveTarget(target, { home: homedir(), localUser: "root", uid: 0, environment: process.env, useSshProgram }).catch(
    (error: unknown) => {
      const { code, message } = error as { code: string; message: string };
      return { code, message };
    },
  );
const found = [];
for (const { name, target, config, files = {} } of corpus) {
  rmSync(folder, { recursive: true, force: true });
  for (const [file, text] of Object.entries({ config, ...files })) {
    mkdirSync(path.dirname(path.join(folder, file)), { recursive: true, mode: 0o700 });
    writeFileSync(path.join(folder, file), text, { mode: 0o600 });
  }
  const [withProgram, without] = await Promise.all([read(target, true), read(target, false)]);
  found.push({ name, withProgram, without });
}
process.stdout.write(JSON.stringify(found));
