// Renders docs/errors.md from the catalogue; run as `./tm @docs/errors.ts` to write it, and a test holds the two equal.
import { writeFileSync } from "node:fs";
import path from "node:path";
import { errorCatalogue } from "../protocol/errors/catalogue.ts";

/** The whole text of docs/errors.md. */
export function renderErrors(): string {
  const entries = Object.entries(errorCatalogue).toSorted(([left], [right]) => left.localeCompare(right, "en"));
  const sections = entries.map(([code, entry]) => {
    const advice = entry.advice.map((line) => `- ${line}`).join("\n");
    return `## ${code}\n\n**${entry.title}.** ${entry.cause}\n\n${advice}\n\nExit code ${entry.exitCode ?? 1}.\n`;
  });
  const head =
    "# Error codes\n\nEvery error of `tm` and of the services carries one of these codes. Codes are stable: one that is retired is never used for something else. This page is made from the catalogue in `protocol/errors/` by `./tm @docs/errors.ts`.\n";
  return [head, ...sections].join("\n");
}

if (process.argv[1] === import.meta.filename) {
  writeFileSync(path.join(import.meta.dirname, "errors.md"), renderErrors());
}
