// Makes text from a host fit for a terminal: no control character, nothing that reorders it, and an end.

/** Control characters (C0, C1), line separators, and marks that change the direction of text. */
const unsafe = /[\p{Cc}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** One line: each unsafe character as \xNN or \u{N}, cut after `limit` characters. */
export function visible(text: string, limit: number): string {
  return cut(text, limit).replaceAll(unsafe, escaped);
}

/** As `visible`, but lines stay lines and tabs stay tabs. */
export function visibleLines(text: string, limit: number): string {
  return cut(text, limit)
    .replaceAll("\r\n", "\n")
    .replaceAll(unsafe, (character) => (character === "\n" || character === "\t" ? character : escaped(character)));
}

function cut(text: string, limit: number): string {
  return text.length > limit ? `${text.slice(0, limit)}…` : text;
}

function escaped(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u{${code.toString(16)}}`;
}
