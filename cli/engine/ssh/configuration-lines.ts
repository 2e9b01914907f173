// Splits lines of ssh_config into keyword and arguments as OpenSSH does.

/** One line that says something. */
export interface ConfigurationLine {
  /** In lower case. */
  readonly keyword: string;
  readonly words: readonly string[];
  /** All after the keyword, untouched: commands are taken whole. */
  readonly rest: string;
  /** Counted from 1. */
  readonly number: number;
}

/** @throws RangeError on a quote without an end */
export function readLines(text: string): ConfigurationLine[] {
  return text.split("\n").flatMap((raw, index): ConfigurationLine[] => {
    const line = raw.trim();
    if (line === "" || line.startsWith("#")) return [];
    const [, quoted, plain, rest = ""] = /^(?:"([^"]*)"|([^\s="]+))(?:\s*=\s*|\s+|$)(.*)$/s.exec(line) ?? [];
    const keyword = quoted ?? plain;
    if (keyword === undefined) throw new RangeError(`line ${index + 1} has no keyword`);
    return [{ keyword: keyword.toLowerCase(), words: splitWords(rest, index + 1), rest, number: index + 1 }];
  });
}

/** Words with "…" and '…' as one, \ before a quote, a backslash or (outside quotes) a space, and # that ends the line. */
function splitWords(text: string, line: number): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote: string | undefined;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at]!;
    const next = text[at + 1];
    if (character === "\\" && next !== undefined && (`"'\\`.includes(next) || (quote === undefined && next === " "))) {
      word = `${word ?? ""}${next}`;
      at += 1;
    } else if (quote !== undefined) {
      if (character === quote) quote = undefined;
      else word = `${word ?? ""}${character}`;
    } else if (character === '"' || character === "'") {
      quote = character;
      word ??= "";
    } else if (/\s/.test(character)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (character === "#" && word === undefined) {
      return words;
    } else word = `${word ?? ""}${character}`;
  }
  if (quote !== undefined) throw new RangeError(`line ${line} has a quote without an end`);
  if (word !== undefined) words.push(word);
  return words;
}
