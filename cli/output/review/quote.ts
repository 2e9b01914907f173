// Markdown in which text of somebody else says nothing but itself: no markup, no HTML, no link, nobody called.
import { escapeControls } from "../escape.ts";

/** Texts that a code span takes as they are, in a table too. */
const simple = /^[^`|\\<>&@\s](?:[^`|\\<>&\n\r\t]*[^`|\\<>&\s])?$/;

/** A name or value in running text, as code. Whatever could end the code stands as a number of HTML. */
export function quoteCode(text: string): string {
  const shown = visible(text);
  return simple.test(shown) ? `\`${shown}\`` : quoteHtml(text);
}

/** As `quoteCode`, for the summary of a fold, which is a block of HTML where no Markdown is read. */
export function quoteSummary(text: string): string {
  const shown = visible(text).replace(/[&<>"'@]/g, (character) => `&#${character.charCodeAt(0)};`);
  return `<code>${shown}</code>`;
}

function quoteHtml(text: string): string {
  return `<code>${[...visible(text)].map(escapeCharacter).join("")}</code>`;
}

/** Lines as a block of code in `language`, closed by nothing that stands in them. */
export function fence(language: string, lines: readonly string[]): string {
  const shown = lines.map(visible);
  const longest = Math.max(2, ...shown.flatMap((line) => [...line.matchAll(/`+/g)].map(([run]) => run.length)));
  const marks = "`".repeat(longest + 1);
  return [`${marks}${language}`, ...shown, marks].join("\n");
}

function visible(text: string): string {
  return escapeControls(text).replaceAll("\n", "\\n").replaceAll("\t", "\\t");
}

/** A comment after "@" keeps a name from being called, and an address from being a link, after the number is a sign again. */
function escapeCharacter(character: string): string {
  if (/^[A-Za-z0-9 ,;]$/.test(character) || character > "\u007f") return character;
  return character === "@" ? "&#64;<!-- -->" : `&#${character.charCodeAt(0)};`;
}
