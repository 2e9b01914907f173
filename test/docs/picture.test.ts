// The picture in the README shows the recorded session, whole and in its columns.
import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { renderPicture } from "../../docs/picture.ts";

const read = (name: string) => readFileSync(path.resolve(import.meta.dirname, "../../docs", name), "utf8");

/** What is written in the picture, line by line, put back into its columns. */
function readPicture(picture: string): string[] {
  const lines = new Map<string, string>();
  for (const [, x = "", y = "", text = ""] of picture.matchAll(/ x="(\d+)" y="([\d.]+)" textLength[^>]*>([^<]*)</g)) {
    lines.set(y, `${(lines.get(y) ?? "").padEnd((Number(x) - 20) / 8)}${text}`);
  }
  return [...lines.values()].map((line) =>
    line.replaceAll("\u00a0", " ").replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&"),
  );
}

describe("docs/session.svg", () => {
  it("is the picture of docs/session.txt (./tm @docs/picture.ts writes it)", () => {
    expect(read("session.svg")).toBe(renderPicture(read("session.txt"), "tm"));
  });

  it("holds every line in its columns", () => {
    const lines = read("session.txt")
      .split("\n")
      .filter((line) => line.trim() !== "");
    expect(readPicture(read("session.svg"))).toEqual(lines.map((line) => line.trimEnd()));
  });

  it("shows a session in which the mesh was deployed and answered", () => {
    const session = read("session.txt");
    expect(session).toContain("$ tm deploy");
    expect(session).toMatch(/^Mesh demo-main is deployed/m);
    expect(session).toMatch(/bytes from .*gamma|bytes from 100\./);
    expect(session).toContain(" 0% packet loss");
  });
});

describe("a picture", () => {
  it("escapes what would be markup", () => {
    const picture = renderPicture('$ echo "<a>" & b\n<script>', "t<i>tle");
    expect(picture).not.toContain("<script>");
    expect(picture).not.toContain("<i>");
    expect(readPicture(picture)).toEqual(['$ echo "<a>" & b', "<script>"]);
  });

  it("fetches nothing", () => {
    expect(renderPicture("$ tm", "tm").match(/https?:[^"]*/g)).toEqual(["http://www.w3.org/2000/svg"]);
  });
});
