// Makes text from a host harmless to a terminal: what would move the cursor, colour, or reorder is shown as an escape instead.
import { StringDecoder } from "node:string_decoder";

/** C0 but tab and newline, DEL, C1, and the marks that turn the direction of text. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this is about
const controls = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** "\u001b[31m" becomes "\\x1b[31m"; tabs and newlines stay. */
export function escapeControls(text: string): string {
  return text.replace(controls, (character) => {
    const code = character.charCodeAt(0);
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u${code.toString(16).padStart(4, "0")}`;
  });
}

/** The same for a stream of UTF-8, whose chunks may part a character. */
export function createEscaper(write: (text: string) => void): (chunk: Buffer) => void {
  const decoder = new StringDecoder("utf8");
  return (chunk) => {
    const text = decoder.write(chunk);
    if (text !== "") write(escapeControls(text));
  };
}
