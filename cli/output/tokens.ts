// Renders join tokens for people: what is left of each, and how one that was just made is used.
import type { TokenStatus } from "../../protocol/control/tokens.ts";
import type { CreateTokenResult } from "../engine/deploy/token-contract.ts";
import { count, renderTable } from "./table.ts";

/** One row per token. */
export function renderTokens(tokens: readonly TokenStatus[]): string {
  if (tokens.length === 0) return "No tokens. Make one with: tm token create";
  const rows = tokens.map((token) => [
    token.tid,
    token.state,
    `${token.usesLeft} of ${token.uses}`,
    renderTime(token.expires),
    token.groups.join(", "),
    [token.ephemeral ? "ephemeral" : "", token.ci ? "ci" : ""].filter((text) => text !== "").join(", "),
    token.used.map(({ name, member }) => (member ? name : `${name} (gone)`)).join(", "),
  ]);
  return renderTable(["TOKEN", "STATE", "USES LEFT", "EXPIRES", "GROUPS", "KIND", "NODES"], rows);
}

/** What to do with a token that was just made; the token itself is not in it. */
export function renderCreated(result: CreateTokenResult, { ci }: { readonly ci: boolean }): string {
  const { tid, uses, expires, groups, unasked, strangeGroups, withoutLogin, mesh } = result;
  const where = groups.length === 0 ? "" : `, ${groups.length === 1 ? "group" : "groups"} ${groups.join(", ")}`;
  const lines = [
    `Token ${tid} of mesh ${mesh}: ${count(uses, "use")}, until ${renderTime(expires)}${where}. It is not shown again.`,
    ci
      ? "Give it to the job as the secret TM_CI_TOKEN: tm deploy logs in to the hosts and signs with it there. See: tm ci init"
      : "On the machine that is to join, as root: tm join   (it asks for the token, or reads it from stdin)",
    `Take it back with: tm token revoke ${tid}`,
  ];
  if (unasked.length > 0) {
    lines.push(
      `Not asked, as they could not be reached: ${unasked.join(", ")}. With an older release they take no more changes until the next tm deploy.`,
    );
  }
  if (strangeGroups.length > 0) {
    lines.push(`Nowhere in the stack: ${strangeGroups.join(", ")}. If it is mistyped, take the token back.`);
  }
  if (withoutLogin.length > 0) {
    lines.push(`It does not log in there before the next tm deploy: ${withoutLogin.join(", ")}.`);
  }
  return lines.join("\n");
}

/** "2026-11-25 19:00 UTC" */
function renderTime(unixSeconds: number): string {
  return `${new Date(unixSeconds * 1000).toISOString().slice(0, 16).replace("T", " ")} UTC`;
}
