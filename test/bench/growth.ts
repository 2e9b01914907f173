// How fast something grows: the slope of a straight line through samples.

export interface Sample {
  /** Hours, or whatever growth is asked for one of. */
  readonly at: number;
  readonly value: number;
}

/** Least squares, for one of what `at` counts. @throws RangeError with less than two different times */
export function growthOf(samples: readonly Sample[]): number {
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const middle = mean(samples.map(({ at }) => at));
  const level = mean(samples.map(({ value }) => value));
  const over = samples.reduce((sum, { at, value }) => sum + (at - middle) * (value - level), 0);
  const under = samples.reduce((sum, { at }) => sum + (at - middle) ** 2, 0);
  if (!(under > 0)) throw new RangeError("no slope without two different times");
  return over / under;
}

/** The least of each `length` samples in a row: what is left of a sawtooth when rubbish is collected now and then. */
export function lowestOf(samples: readonly Sample[], length: number): Sample[] {
  const lowest: Sample[] = [];
  for (let start = 0; start + length <= samples.length; start += length) {
    lowest.push(samples.slice(start, start + length).reduce((one, other) => (other.value < one.value ? other : one)));
  }
  return lowest;
}
