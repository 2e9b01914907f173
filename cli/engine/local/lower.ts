// The state of the machine's packages, which are every host's lower layer: when it changes, running hosts see a mixture.
import { stat } from "node:fs/promises";
import { isMissing } from "./record.ts";

/** Files that change with every package that is installed, upgraded or removed. */
export const packageDatabases: readonly string[] = [
  "/var/lib/dpkg/status",
  "/var/lib/rpm/rpmdb.sqlite",
  "/usr/lib/sysimage/rpm/rpmdb.sqlite",
];

/** A text that is another one after any package changed; "" where no package database is known. */
export async function lowerMark(databases: readonly string[]): Promise<string> {
  const marks = await Promise.all(
    databases.map(async (file) => {
      try {
        const { mtimeMs, size } = await stat(file);
        return `${file} ${mtimeMs} ${size}`;
      } catch (error) {
        if (isMissing(error)) return "";
        throw error;
      }
    }),
  );
  return marks.filter((mark) => mark !== "").join("\n");
}
