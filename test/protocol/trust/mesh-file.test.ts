// The text of a mesh file: one form per line, an unbroken chain, errors with their line.
import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { meshIdOf } from "../../../protocol/trust/genesis.ts";
import { formatMeshFile, hashLine, parseMeshFile } from "../../../protocol/trust/mesh-file.ts";
import { applyItems } from "../../../protocol/trust/view.ts";
import { genesisItem, grantItem, keysItem, logItem, now, openedView, party } from "./mesh.ts";

const start = openedView();
const genesis = genesisItem();
const first = logItem(start, { type: "coord.set", key: "22".repeat(32), urls: ["ws://198.18.0.1:8443"] });
const second = logItem(applyItems(start, [first], now).view, {
  type: "coord.set",
  key: "33".repeat(32),
  urls: ["ws://198.18.0.2:8443"],
});
const grant = grantItem(start, party("alpha"));
const items = [genesis, first, grant, second];
const text = formatMeshFile(items);
const lines = text.split("\n");

describe("mesh file", () => {
  it("reads what it writes", () => {
    expect(parseMeshFile(text)).toEqual({ ok: true, genesis, items });
    expect(parseMeshFile("")).toEqual({ ok: true, genesis: undefined, items: [] });
  });

  it("has ids that sha256sum gives", () => {
    const sha256 = (bytes: string): string => createHash("sha256").update(bytes).digest("hex");
    expect(meshIdOf(genesis.body)).toBe(sha256(genesis.body));
    expect(hashLine(genesis)).toBe(sha256(lines[0]!));
    expect(JSON.parse(second.body).prev).toBe(sha256(lines[1]!));
  });

  it.each([
    ["a cut line", text.slice(0, -1), 4],
    ["a line rewritten with spaces", text.replace('{"body":', '{ "body":'), 1],
    ["carriage returns", text.replaceAll("\n", "\r\n"), 1],
    ["an empty line", text.replace("\n", "\n\n"), 2],
    ["a conflict of git", text.replace("\n", "\n<<<<<<< HEAD\n"), 2],
    ["a missing entry", [lines[0], lines[2], lines[3], ""].join("\n"), 3],
    ["swapped entries", [lines[0], lines[3], lines[1], ""].join("\n"), 2],
    ["an entry twice", [lines[0], lines[1], lines[1], ""].join("\n"), 3],
    ["no genesis", lines.slice(1).join("\n"), 1],
    ["two", [lines[0], lines[0], ""].join("\n"), 2],
    ["keys", text + formatMeshFile([keysItem(start, party("alpha"))]), 5],
    ["a field more", text.replace('"sigs":', '"x":1,"sigs":'), 1],
    [
      "another signature under the chain",
      text
        .replace(lines[1]!, lines[1]!.replace("sigs", "sigs"))
        .replace(JSON.stringify(first.sigs[0]), JSON.stringify(grant.sigs[0])),
      4,
    ],
  ])("says in which line there is %s", (_, damaged, line) => {
    expect(parseMeshFile(damaged)).toMatchObject({ ok: false, line });
  });
});
