// Known secrets in all the forms they may take, and the one place that takes them out of text.

/** What stands in place of a secret. */
export const sensitiveText = "(sensitive)";

/** A text that is at least this long is taken out wherever it occurs; a shorter one only where it is the whole value. */
const shortest = 8;
/** Shorter ones say nothing, and are in every text. */
const shortestWhole = 4;

/** Environment variables whose values are secrets. */
const secretName = /(?:TOKEN|SECRET|KEY|PASSWORD|PASSPHRASE)$|^PG_CONN_STR$/i;

export interface Redactor {
  /** Takes every known secret out of a text, also encoded ones. */
  readonly scrub: (text: string) => string;
  /** As `scrub`, and the whole text when it is a short secret. */
  readonly scrubValue: (text: string) => string;
}

/** Values of environment variables whose names say that they are secret. */
export function secretsOfEnvironment(environment: Readonly<Record<string, string | undefined>>): readonly string[] {
  return Object.entries(environment).flatMap(([name, value]) =>
    value !== undefined && secretName.test(name) ? [value] : [],
  );
}

/** Time is linear in the text, whatever the number of secrets. */
export function createRedactor(secrets: Iterable<string>): Redactor {
  const known = [...new Set(secrets)].filter((secret) => secret.trim().length >= shortestWhole);
  const whole = new Set(known);
  const forms = new Set(known.flatMap((secret) => formsOf(secret)).filter((form) => form.length >= shortest));
  // By their first characters, the longest first: a short form may be the beginning of a longer one.
  const byHead = Map.groupBy(
    [...forms].toSorted((left, right) => right.length - left.length),
    (form) => form.slice(0, shortest),
  );
  const scrub = (text: string): string => {
    if (byHead.size === 0 || text.length < shortest) return text;
    let clean = "";
    let kept = 0;
    for (let at = 0; at + shortest <= text.length; at++) {
      const found = byHead.get(text.slice(at, at + shortest))?.find((form) => text.startsWith(form, at));
      if (found === undefined) continue;
      clean += text.slice(kept, at) + sensitiveText;
      kept = at + found.length;
      at = kept - 1;
    }
    return kept === 0 ? text : clean + text.slice(kept);
  };
  return { scrub, scrubValue: (text) => (whole.has(text) ? sensitiveText : scrub(text)) };
}

/** A secret as it is, line by line, and as base64 (also inside longer base64), hexadecimal, URL, JSON and HTML text. */
function formsOf(secret: string): readonly string[] {
  const lines = secret.split(/\r?\n/).map((line) => line.trim());
  const parts = [secret, secret.trim(), ...(lines.length > 1 ? lines.filter((line) => line.length >= 16) : [])];
  return parts.flatMap((part) => {
    const bytes = Buffer.from(part, "utf8");
    const hex = bytes.toString("hex");
    const base64 = [0, 1, 2].flatMap((offset) => insideBase64(bytes, offset));
    return [
      part,
      hex,
      hex.toUpperCase(),
      ...base64,
      ...base64.map((form) => form.replaceAll("+", "-").replaceAll("/", "_")),
      ...base64.map((form) => encodeURIComponent(form)),
      ...urlForms(part),
      JSON.stringify(part).slice(1, -1),
      escapeHtml(part),
    ];
  });
}

/** What a base64 text must contain when these bytes stand in it, `offset` bytes (modulo 3) from its beginning. */
function insideBase64(bytes: Buffer, offset: number): readonly string[] {
  const text = Buffer.concat([Buffer.alloc(offset), bytes]).toString("base64");
  const end = Math.floor(((offset + bytes.length) * 8) / 6);
  return [text.slice(offset === 0 ? 0 : offset + 1, end)];
}

function urlForms(text: string): readonly string[] {
  if (!text.isWellFormed()) return [];
  const encoded = encodeURIComponent(text);
  const strict = encoded.replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
  const lower = (form: string) => form.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase());
  const plus = strict.replaceAll("%20", "+");
  return [encoded, strict, plus, lower(encoded), lower(strict), lower(plus), encodeURI(text)];
}

function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
