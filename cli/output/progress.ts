// The contract between long work and whatever shows it: a list per host on a terminal, plain lines elsewhere.

/** One line of work, usually a host. */
export interface ProgressRow {
  update(text: string): void;
  done(text?: string): void;
  skip(text: string): void;
  fail(text: string): void;
}

/** Long work reports here and knows nothing of terminals. */
export interface Progress {
  /** Starts a phase ("Installing"); the one before it ends. */
  phase(title: string): void;
  /** A row of the current phase; the same name gives the same row. */
  row(name: string): ProgressRow;
  /** One line for the full log (.tm/logs/…) and, with --verbose, for the screen. Never a secret. */
  log(text: string): void;
}
