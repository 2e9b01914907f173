// Outputs of a stack as a deploy shows them: what was written, with what is known by now in place of "${NAME.ATTRIBUTE}".

/** @param known values by "NAME.ATTRIBUTE"; what is not among them stays as it is */
export function fillOutputs(
  outputs: Readonly<Record<string, string>>,
  known: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const fill = (text: string) => text.replace(/\$\{([^}]+)\}/g, (whole, name: string) => known[name] ?? whole);
  return Object.fromEntries(Object.entries(outputs).map(([name, text]) => [name, fill(text)]));
}
