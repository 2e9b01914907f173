// Quotes text for a POSIX shell.

/** One word for sh, whatever it holds. @throws RangeError on a NUL byte, which no argument can carry */
export function quote(text: string): string {
  if (text.includes("\0")) throw new RangeError("an argument cannot hold a NUL byte");
  if (/^[A-Za-z0-9_@%+=:,./-]+$/.test(text)) return text;
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** A command line of words: one word is a command line already, as ssh takes it; several reach the command as they are. */
export function shellCommand(words: readonly string[]): string {
  const [first, ...others] = words;
  return first !== undefined && others.length === 0 ? first : words.map(quote).join(" ");
}
