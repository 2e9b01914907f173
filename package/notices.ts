// Writes THIRD-PARTY-NOTICES: name, version, licence and its text for each package that is bundled.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
  /** How older packages say it. */
  readonly licenses?: readonly { readonly type: string }[];
  readonly author?: string | { readonly name?: string };
}

interface Notice {
  readonly name: string;
  readonly version: string;
  readonly licence: string;
  readonly text: string;
}

/** Licences whose terms a bundle under the AGPL-3.0 meets by carrying the notice. */
const compatible = new Set([
  "0BSD",
  "Apache-2.0",
  "BlueOak-1.0.0",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "ISC",
  "MIT",
  "MPL-2.0",
  // jsonify says it this way.
  "Public Domain",
  "Unlicense",
]);

const head = `The programs in dist/ contain the packages below, which are not part of TunnelMesh and keep their own licences.
`;

/**
 * @param inputs files that were bundled, relative to `root`
 * @throws Error naming a package without a licence text, or with a licence that nobody has looked at
 */
export function renderNotices(root: string, inputs: Iterable<string>): string {
  const folders = new Set([...inputs].map(packageFolder).filter((folder) => folder !== undefined));
  const notices = [...folders].map((folder) => readNotice(path.join(root, folder)));
  const unique = new Map(notices.map((notice) => [`${notice.name} ${notice.version}`, notice]));
  const sorted = [...unique].toSorted(([left], [right]) => (left < right ? -1 : 1));
  const sections = sorted.map(
    ([title, { licence, text }]) => `${"-".repeat(80)}\n${title} (${licence})\n\n${text.trim()}\n`,
  );
  return [head, ...sections].join("\n");
}

/** "node_modules/a/node_modules/@b/c" of a file in it; undefined for our own files. */
function packageFolder(file: string): string | undefined {
  return /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0];
}

/** "(MIT OR Apache-2.0)" leaves us the choice (SPDX specification, annex D). */
function isCompatible(licence: string): boolean {
  const choices = licence.replace(/^\((.*)\)$/, "$1").split(" OR ");
  return choices.some((choice) => compatible.has(choice));
}

function readNotice(folder: string): Notice {
  const manifest = JSON.parse(readFileSync(path.join(folder, "package.json"), "utf8")) as Manifest;
  const { name, version } = manifest;
  const licence = manifest.license ?? manifest.licenses?.map(({ type }) => type).join(" and ") ?? "unknown";
  if (!isCompatible(licence)) throw new Error(`${name} ${version} has the licence ${licence}: look at it first`);
  const files = readdirSync(folder)
    .filter((file) => /^(licen[cs]e|copying|notice)/i.test(file))
    .toSorted();
  const texts = files
    .map((file) => path.join(folder, file))
    .filter(existsSync)
    .map((file) => readFileSync(file, "utf8"));
  // Some packages name their licence in package.json alone.
  const text = texts.length > 0 ? texts.join("\n") : `${authorOf(manifest)}\nLicence: ${licence}\n`;
  return { name, version, licence, text };
}

function authorOf({ author }: Manifest): string {
  const name = typeof author === "string" ? author : author?.name;
  return name === undefined ? "" : `Copyright: ${name}`;
}
