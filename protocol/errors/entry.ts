// The shape of one entry of the error catalogue.

/** What a user reads under a code. Codes are stable: a retired one is never used again. */
export interface ErrorEntry {
  /** Headline without a full stop: "The host key has changed". */
  readonly title: string;
  /** Why this happens, in one or two sentences. */
  readonly cause: string;
  /** What to try, one imperative sentence each; at least one. */
  readonly advice: readonly [string, ...string[]];
  /** Exit code of `tm` (infrastructure.md §5); 1 when left out. */
  readonly exitCode?: 1 | 2 | 3 | 4 | 5 | 64 | 130;
}
