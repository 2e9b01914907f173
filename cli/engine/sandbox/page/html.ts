// HTML from values: whatever is put into a template is text, unless it is HTML already.

/** HTML that is safe to show. */
export interface Html {
  readonly html: string;
}

type Part = string | number | null | Html | readonly Html[];

export function html(texts: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return { html: texts.map((text, index) => text + (index < parts.length ? render(parts[index]!) : "")).join("") };
}

function render(part: Part): string {
  if (part === null) return "";
  if (typeof part === "string" || typeof part === "number") return escapeHtml(String(part));
  return "html" in part ? part.html : part.map((one) => one.html).join("");
}

const escapes: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Text for an element or a quoted attribute; control characters are shown as what they are. */
export function escapeHtml(text: string): string {
  return text
    .replace(/\p{Cc}/gu, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`)
    .replace(/[&<>"']/g, (character) => escapes[character]!);
}
