// What is wrong on this node, for status: bounded, and without what would command a terminal.

/** Alarms kept for status; a coordinator cannot add more by sending notices. */
const alarmLimit = 16;
const noticeLimit = 4;

export class Alarms {
  readonly #texts = new Map<string, string>();

  get texts(): readonly string[] {
    return [...this.#texts.values()];
  }

  raise(key: string, text: string): void {
    if (this.#texts.size < alarmLimit || this.#texts.has(key)) this.#texts.set(key, text);
  }

  clear(key: string): void {
    this.#texts.delete(key);
  }

  /** What the coordinator says: a few of them, so that the agent's own alarms have room. */
  notice(code: string, message: string): void {
    const text = `${code}: ${message}`.replace(/\p{Cc}/gu, "?");
    const key = `notice ${code}`;
    const notices = [...this.#texts.keys()].filter((one) => one.startsWith("notice "));
    if (notices.length < noticeLimit || notices.includes(key)) this.raise(key, text);
  }

  clearNotices(): void {
    for (const key of [...this.#texts.keys()]) if (key.startsWith("notice ")) this.clear(key);
  }
}
