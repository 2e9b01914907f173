// Renders what tm doctor found on a node: a table, then a way out for each thing that is wrong.
import type { Finding } from "../engine/doctor/node-findings.ts";
import { escapeControls } from "./escape.ts";
import { renderTable } from "./table.ts";

const marks = { ok: "ok", warning: "look", problem: "WRONG" } as const;

/** Text of the host is shown without control characters, one line each. */
export function renderFindings(findings: readonly Finding[]): string {
  const plain = (text: string) => escapeControls(text.replaceAll("\n", " "));
  const rows = findings.map(({ check, state, detail }) => [plain(check), marks[state], plain(detail)]);
  const advice = findings.flatMap(({ check, advice }) =>
    advice === undefined ? [] : [`${plain(check)}: ${plain(advice)}`],
  );
  return [renderTable(["CHECK", "STATE", "WHAT"], rows), ...advice].join("\n");
}
