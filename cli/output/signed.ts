// What tm sign has signed, and what is left to do with it.
import type { SignResult } from "../engine/deploy/sign-contract.ts";

export function renderSigned(result: SignResult): string {
  const { file, granted, changed, renamed, revoked, unknown, asked } = result;
  const signed = [
    ...line("new", granted),
    ...line("changed", changed),
    ...line(
      "renamed",
      renamed.map(({ from, to }) => `${from} → ${to}`),
    ),
    ...line("revoked", revoked),
  ];
  return [
    ...(signed.length === 0 ? ["Nothing needs a signature."] : ["Signed:", ...signed, `Commit it: git add ${file}`]),
    ...(unknown.length === 0
      ? []
      : [`Not signed, as their host keys are not in the stack: ${unknown.join(", ")}. A deploy signs them.`]),
    ...(asked
      ? []
      : [
          "Nobody could be asked for the newest log. If it has changed elsewhere, get that first (git pull) and sign again.",
        ]),
  ].join("\n");
}

function line(what: string, names: readonly string[]): readonly string[] {
  return names.length === 0 ? [] : [`  ${what.padEnd(8)} ${names.join(", ")}`];
}
