// A plan as a comment: what GitHub makes of it, whatever names and values the plan has, and however large it is.
import fc from "fast-check";
import { micromark } from "micromark";
import { gfm, gfmHtml } from "micromark-extension-gfm";
import { describe, expect, it } from "vitest";
import type { MeshPlan } from "../../../../cli/engine/deploy/contract.ts";
import type { Plan, PlanChange } from "../../../../cli/engine/review/plan.ts";
import { renderPlanAs } from "../../../../cli/output/review/formats.ts";
import { commentLimit, markerOf, renderPlanMarkdown } from "../../../../cli/output/review/markdown.ts";
import { fence, quoteCode, quoteSummary } from "../../../../cli/output/review/quote.ts";
import { renderPlanText } from "../../../../cli/output/review/text.ts";
import { reviewNothing, reviewRecorded } from "../../engine/review/recorded.ts";

/** As GitHub reads it, HTML and all. */
function render(markdown: string): string {
  return micromark(markdown, { extensions: [gfm()], htmlExtensions: [gfmHtml()], allowDangerousHtml: true });
}

/** Text between tags, as it is shown. */
function textOf(html: string): string {
  const plain = html.replace(/<!--.*?-->/gs, "").replace(/<[^>]*>/g, "");
  return plain
    .replace(/&#(\d+);/g, (_, code: string) => String.fromCodePoint(Number(code)))
    .replace(/&#x([0-9a-f]+);/gi, (_, code: string) => String.fromCodePoint(Number.parseInt(code, 16)))
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&quot;", '"')
    .replaceAll("&amp;", "&");
}

const nasty = [
  "`",
  "``` \n</details>",
  "a|b",
  "a\\|b`|`",
  "<img src=x onerror=alert(1)>",
  "</summary><h1>x",
  "<!-- x",
  "--> x",
  "@acme/admins",
  "acme@example.org",
  "https://evil.example/x",
  "www.evil.example",
  "[x](https://evil.example)",
  "![x](https://evil.example/a.png)",
  "#1 GH-1 acme/x#2",
  "**bold** _it_ ~~no~~",
  "line\nbreak\r\n\n# head",
  " spaces ",
  "\u001b[31mred\u202e",
  "&lt;b&gt; &amp;",
  "$x^2$ :tada:",
  "",
];
const hostile = fc.oneof(
  fc.constantFrom(...nasty),
  fc.string({ unit: "grapheme", maxLength: 30 }),
  fc.array(fc.constantFrom(...nasty), { maxLength: 4 }).map((parts) => parts.join("")),
);

/** What may stand in a comment: our own tags, and none that names bring. */
const ownTags = /^(?:h3|p|strong|code|blockquote|ul|li|table|thead|tbody|tr|th|td|details|summary|pre|sub|em|br|a)$/;

function check(html: string): void {
  const tags = [...html.replace(/<!--.*?-->/gs, "").matchAll(/<\/?([a-z0-9]+)([^>]*)>/gi)];
  for (const [whole, tag = "", rest = ""] of tags) {
    expect(tag, whole).toMatch(ownTags);
    expect(rest, whole).toMatch(/^(?: class="language-diff")?$/);
  }
  // A name is called where "@" stands before a word outside of code; a comment parts them otherwise.
  const outside = html.replace(/<(code|pre)\b.*?<\/\1>/gs, "");
  expect(outside).not.toMatch(/@[A-Za-z0-9]|(?:^|\W)#\d|GH-\d|https?:|www\./);
}

describe("text of others", () => {
  it.each([
    ["in running text", (text: string) => `x ${quoteCode(text)} y`],
    ["in a list", (text: string) => `- ${quoteCode(text)}`],
    ["in a table", (text: string) => `| a | b |\n|---|---|\n| ${quoteCode(text)} | y |`],
    ["in an alert", (text: string) => `> [!CAUTION]\n> - ${quoteCode(text)}`],
    ["in a summary", (text: string) => `<details><summary>${quoteSummary(text)}</summary>\n\nx\n\n</details>`],
    ["in a block", (text: string) => `${fence("diff", [`+ ${text}`])}\n\nend`],
  ])("is nothing but text %s", (_, place) => {
    fc.assert(
      fc.property(hostile, (text) => {
        const html = render(place(text));
        check(html);
        // What stands around it stays where it is.
        const shown = textOf(html).replace(/\s+/g, "");
        const wanted = textOf(render(place("X"))).replace(/\s+/g, "");
        const [before = "", after = ""] = wanted.split("X");
        expect(shown.startsWith(before) && shown.endsWith(after), shown).toBe(true);
      }),
      { numRuns: 100 },
    );
  });

  it("is shown as it is where it is harmless", () => {
    expect([quoteCode("gw-fra"), quoteCode("tcp 22 from ::/0"), quoteSummary("digitalocean_droplet.hub")]).toEqual([
      "`gw-fra`",
      "`tcp 22 from ::/0`",
      "<code>digitalocean_droplet.hub</code>",
    ]);
  });
});

async function withNames(text: string): Promise<Plan> {
  const plan = await reviewRecorded();
  const change: PlanChange = {
    ...plan.changes[3]!,
    address: text,
    node: text,
    attributes: [{ path: "region", before: text, after: text, unknown: false, sensitive: false }],
    forcedBy: ["region"],
  };
  return {
    ...plan,
    changes: [change, { ...change, node: undefined, type: text }] as PlanChange[],
    findings: plan.findings.map((finding) => ({
      ...finding,
      from: [text],
      nodes: [text],
      address: text,
      detail: [text],
    })),
    members: { ...plan.members, added: [text], renamed: [{ from: text, to: text }] },
    drift: [{ address: text, action: "update", paths: [text] }],
    outputs: [{ ...plan.outputs[0]!, name: text }],
    hosts: plan.hosts.map((host) => ({ ...host, name: text, steps: [{ id: "x", title: text }], notes: [text] })),
    access: [text],
    accessChanges: {
      ...{ basis: "deployed", since: plan.createdAt, added: [text], removed: [text] },
      gained: [{ from: [text], to: [text], services: [text], words: text }],
      lost: [{ from: [text], to: [text], services: [text], words: text }],
    },
    unknown: [{ id: "address", nodes: [text], range: text, words: text }],
    cost: { ...plan.cost!, unknown: [{ address: text, what: text }] },
    release: text,
    commit: text,
  };
}

describe("a comment", () => {
  it("of a plan with a replacement and a firewall that opens is the golden one", async () => {
    await expect(renderPlanMarkdown(await reviewRecorded())).toMatchFileSnapshot(
      "../../engine/review/golden/comment.md",
    );
  });

  it("is nothing but text of ours, whatever the names are", async () => {
    for (const text of [nasty.join(" "), ...nasty.slice(0, 8)]) {
      const html = render(renderPlanMarkdown(await withNames(text)));
      check(html);
      expect(html.match(/<details>/g)?.length).toBe(html.match(/<\/details>/g)?.length);
    }
  });

  it("of no changes is one line under its marker", async () => {
    const plan = await reviewNothing();
    const [marker, line] = renderPlanMarkdown(plan).split("\n");
    expect([marker, line]).toEqual([markerOf(plan), "**Plan for `office`, stage `main`:** no changes."]);
  });

  it("never exceeds the limit, keeps its head and its end, and says that it is cut", async () => {
    const plan = await reviewRecorded();
    const many = (count: number): Plan => ({
      ...plan,
      changes: Array.from({ length: count }, (_, index) => ({
        ...plan.changes[index % plan.changes.length]!,
        address: `a.b${index}`,
      })),
      findings: Array.from({ length: count }, (_, index) => ({ ...plan.findings[3]!, nodes: [`node-${index}`] })),
      members: { ...plan.members, added: Array.from({ length: count }, (_, index) => `node-${index}`) },
    });
    for (const count of [50, 500, 5000]) {
      const text = renderPlanMarkdown(many(count));
      expect(text.length).toBeLessThanOrEqual(commentLimit);
      expect(text).toContain(plan.digest);
      expect(text.startsWith(markerOf(plan))).toBe(true);
      expect(text).toContain("> [!CAUTION]");
      if (count > 50) expect(text).toMatch(/and \d+ more/);
      expect(text.includes("_Cut:")).toBe(count > 50);
    }
    const longest = { ...plan, changes: [{ ...plan.changes[0]!, address: "x".repeat(4000) }] };
    expect(renderPlanMarkdown(longest, { limit: 5000 }).length).toBeLessThanOrEqual(5000);
  });

  it("has a marker that nothing ends", () => {
    expect(markerOf({ stack: "a--> <b", stage: "c" })).toBe("<!-- tm-plan stack=a--%3E%20%3Cb stage=c -->");
  });
});

describe("the other forms", () => {
  it("are text, JSON that is the plan, and GitLab's three numbers", async () => {
    const plan = await reviewRecorded();
    await expect(`${renderPlanAs(plan, "text")}\n`).toMatchFileSnapshot("../../engine/review/golden/plan.txt");
    expect(JSON.parse(renderPlanAs(plan, "json"))).toEqual(plan);
    expect(JSON.parse(renderPlanAs(plan, "gitlab"))).toEqual({ create: 6, update: 2, delete: 6 });
  });

  it("let no control character onto a terminal", async () => {
    const text = renderPlanAs(await withNames("\u001b[31m\u202e\nx"), "text");
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this is about
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/);
  });
});

describe("a plan of hosts and members alone", () => {
  const result: MeshPlan = {
    mesh: "office-main",
    stage: "main",
    release: "0.1.0-abc",
    hosts: [
      { name: "hub", role: "coordinator", basis: "live", steps: [{ id: "x", title: "install the release" }] },
      { name: "nas", role: "node", basis: "recorded", steps: [] },
      {
        ...({ name: "new", role: "node", basis: "assumed", steps: [] } as const),
        error: { code: "TM_SSH_NO_ROUTE", message: "No route", detail: "host gamma", advice: [] },
      },
    ],
    members: {
      ...{ added: ["new"], removed: ["old"], renamed: [{ from: "a", to: "b" }], changed: ["nas"], unchanged: ["hub"] },
    },
    changes: 5,
  };

  it("shows members, then steps per host with what they were read from", async () => {
    const lines = renderPlanText(await reviewNothing(result)).split("\n");
    expect(lines.slice(0, -1)).toEqual([
      "Mesh office-main, new, release 0.1.0-abc",
      "!  old will be signed out of the mesh",
      "Members:",
      "  + new joins",
      "  - old is signed out",
      "  ~ a becomes b",
      "  ~ nas is signed anew, with other groups or routes",
      "hub (coordinator; read from the host)",
      "  install the release",
      "nas (node; as recorded by the last deploy): nothing to do",
      "new (node; assumed, as the host could not be read): nothing to do",
      "  ! No route: host gamma",
      "Risk: destructive.",
      "Plan: 1 step on hosts, 4 changes of members.",
    ]);
  });

  it("says so when there is nothing to do", async () => {
    const [mesh, members, host, nothing] = renderPlanText(await reviewNothing()).split("\n");
    expect([mesh, members, host, nothing]).toEqual([
      "Mesh office-main, id cdcdcdcdcdcd, release 0.2.0-0123456789abcdef",
      "Members: no changes",
      "hub (coordinator; read from the host): nothing to do",
      "No changes.",
    ]);
  });
});
