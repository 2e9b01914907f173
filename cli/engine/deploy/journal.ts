// The mesh's log as one run sees it: what is signed is durable at home before it is sent, and only those bytes are ever sent again (life.md §4).
import { TunnelMeshError } from "../../../protocol/errors/error.ts";
import { decodeItem } from "../../../protocol/trust/body.ts";
import type { SignedItem } from "../../../protocol/trust/item.ts";
import { verifyItem } from "../../../protocol/trust/item-signers.ts";
import type { Operation } from "../../../protocol/trust/log-entry.ts";
import type { Member, MeshView } from "../../../protocol/trust/member.ts";
import type { Signer } from "../../../protocol/trust/signing.ts";
import { nodeIdOf, parseSshPublicKey } from "../../../protocol/trust/ssh-public-key.ts";
import { applyItems, type KeptItem, restoreItems } from "../../../protocol/trust/view.ts";
import { type GrantChoice, grantFor, nextLogEntry, tokenGrantFor } from "../trust/items.ts";
import type { MeshHome } from "../trust/mesh-home.ts";
import type { CiToken } from "./ci-token.ts";

/** The coordinator's admin socket, as far as a journal needs it. */
export interface JournalRemote {
  items(): Promise<readonly SignedItem[]>;
  /** @throws TunnelMeshError TM_DEPLOY_REFUSED */
  submit(items: readonly SignedItem[]): Promise<void>;
}

export interface Journal {
  /** The newest verified view. */
  readonly view: MeshView;
  /** Every line of the mesh file, genesis first. */
  readonly items: readonly SignedItem[];
  /**
   * Takes over what others have signed; their items are verified like any. What a token signed stays in memory: it is the members'
   * to keep. `seen` counts, so only what a member itself has said may have it.
   */
  learn(items: readonly KeptItem[]): Promise<void>;
  /** From here on everything goes to the coordinator too; both sides get what they lack first. */
  attach(remote: JournalRemote): Promise<void>;
  append(op: Operation): Promise<MeshView>;
  grant(choices: readonly GrantChoice[]): Promise<void>;
  /** As `grant`, signed by a token: not for the mesh file, the coordinator and the members keep it. */
  grantByToken(ci: CiToken, choices: readonly GrantChoice[]): Promise<void>;
  /** Revokes a member and grants its place to another key, durable together: a killed run leaves both or neither. */
  replace(before: Member, choice: GrantChoice): Promise<void>;
}

/** Opens the journal over a home that has a genesis. The signer is asked for when something is signed, not before. */
export async function openJournal(home: MeshHome, signer: () => Promise<Signer>): Promise<Journal> {
  let state = await home.read();
  let remote: JournalRemote | undefined;
  const others = new Map<string, KeptItem>();
  let current: MeshView | undefined;
  const view = (): MeshView => {
    if (state.view === undefined) throw new TunnelMeshError("TM_DEPLOY_NOT_DEPLOYED");
    current ??= others.size === 0 ? state.view : restoreItems(state.view, [...others.values()], unixSeconds()).view;
    return current;
  };
  view();

  const keep = async (items: readonly SignedItem[]): Promise<void> => {
    state = await home.append(items);
    current = undefined;
    await remote?.submit(items);
  };

  const learn = async (items: readonly KeptItem[]): Promise<void> => {
    const known = new Set(state.items.map(({ body }) => body));
    const unknown = items.filter(({ item }) => !known.has(item.body));
    const fresh = unknown.filter(({ item }) => placeOf(item) === "home").map(({ item }) => item);
    if (fresh.length > 0) state = await home.merge(fresh);
    for (const kept of unknown) {
      if (placeOf(kept.item) !== "members") continue;
      const before = others.get(kept.item.body);
      if (before?.seen === undefined) others.set(kept.item.body, kept);
    }
    current = undefined;
  };

  return {
    get view() {
      return view();
    },
    get items() {
      return state.items;
    },
    learn,
    async attach(to) {
      const theirs = await to.items();
      await learn(theirs.map((item) => ({ item })));
      const known = new Set(theirs.map(({ body }) => body));
      const missing = state.items.filter(({ body }) => !known.has(body) && isCurrent(body, view()));
      if (missing.length > 0) await to.submit(missing);
      remote = to;
    },
    async append(op) {
      await keep([await nextLogEntry(view(), op, unixSeconds(), [await signer()])]);
      return view();
    },
    async grant(choices) {
      refuseTaken(view(), choices);
      const items: SignedItem[] = [];
      for (const choice of choices) items.push(await grantFor(view(), choice, [await signer()]));
      if (items.length > 0) await keep(items);
    },
    async grantByToken({ token, keys }, choices) {
      refuseTaken(view(), choices);
      const items: SignedItem[] = [];
      for (const choice of choices) items.push(await tokenGrantFor(view(), choice, token, keys));
      if (items.length === 0) return;
      await remote?.submit(items);
      await learn(items.map((item) => ({ item })));
    },
    async replace(before, choice) {
      const now = unixSeconds();
      const op = { type: "node.revoke", nid: before.nid, seq: before.grantSeq } as const;
      const revocation = await nextLogEntry(view(), op, now, [await signer()]);
      const after = applyItems(view(), [revocation], now).view;
      refuseTaken(after, [choice]);
      await keep([revocation, await grantFor(after, choice, [await signer()])]);
    },
  };
}

/** Addresses come from the coordinator's reservations, and it is not trusted to keep members apart: the verified view is. */
function refuseTaken(view: MeshView, choices: readonly GrantChoice[]): void {
  const holders = new Map<string, string>();
  for (const { nid, ip4 } of view.members.values()) if (ip4 !== undefined) holders.set(ip4, nid);
  for (const { sshPublicKey, name, ip4 } of choices) {
    if (ip4 === undefined) continue;
    const nid = nodeIdOf(parseSshPublicKey(sshPublicKey));
    if ((holders.get(ip4) ?? nid) !== nid) {
      throw new TunnelMeshError("TM_COORDINATION_RESERVATION", {
        detail: `${ip4}, reserved for ${name}, is another member's`,
      });
    }
    holders.set(ip4, nid);
  }
}

/** Home has what admins signed; what a token signed is the members' to keep, and keys are the nodes' own. */
function placeOf(item: SignedItem): "home" | "members" | undefined {
  const decoded = decodeItem(item.body);
  if (!decoded.ok || (decoded.item.kind !== "log" && decoded.item.kind !== "grant")) return undefined;
  const verified = verifyItem(item);
  if (!verified.ok || verified.verified.namespace === "node") return undefined;
  return verified.verified.namespace === "lock" ? "home" : "members";
}

function unixSeconds(): number {
  return Math.floor(Date.now() / 1000);
}

/** The mesh file keeps every grant; only the newest of a node still means something to others. */
function isCurrent(body: string, view: MeshView): boolean {
  const decoded = decodeItem(body);
  if (!decoded.ok || decoded.item.kind !== "grant") return true;
  const { nid, seq } = decoded.item.value;
  return view.members.get(nid)?.grantSeq === seq;
}
