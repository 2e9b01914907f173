// Values of attributes as text: one line, of bounded length.
import type { Json } from "./plan.ts";
import { sensitiveText } from "./secrets.ts";

/** Text of a value; texts stand without quotes in sentences. What is beyond `limit` characters is cut, and that is said. */
export function renderValue(value: Json, limit: number): string {
  if (value === null) return "nothing";
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return cut(text, limit);
}

/** As `renderValue`, but a text that is not the word for a secret is in quotes, as in Terraform's own plans. */
export function renderLiteral(value: Json, limit: number): string {
  if (value === sensitiveText) return sensitiveText;
  return cut(JSON.stringify(value), limit);
}

function cut(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const end = text.slice(0, limit).replace(/[\uD800-\uDBFF]$/, "");
  return `${end}… (${text.length - end.length} more)`;
}
