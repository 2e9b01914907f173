// Applies log entries to a view: the chain, revocations, forks, and operations of a later version (life.md §2, §4).
import type { NodeId, X25519PublicKey } from "../brand.ts";
import { addToken, nextCheckpoint, revokeToken } from "./apply-token-entry.ts";
import type { HeldEntry, HeldGrant, HeldLine } from "./held-items.ts";
import type { SignedItem } from "./item.ts";
import { refuseAdmins, type VerifiedItem } from "./item-signers.ts";
import type { LogEntry, Operation } from "./log-entry.ts";
import type { MeshView } from "./member.ts";
import { hashLine } from "./mesh-file.ts";
import { accept, known, refuse, type Step } from "./verdict.ts";

/** Entries kept as evidence of a fork, revocations of both branches among them. */
const evidenceLimit = 1024;
/** Lines of one body with other valid signatures; ECDSA keys allow two each. */
const variantLimit = 8;

/** Applies one entry whose signatures verify. */
export function applyLogEntry(view: MeshView, verified: VerifiedItem, entry: LogEntry): Step {
  const { held, head } = view;
  const { item } = verified;
  const refusal = refuseAdmins(verified, view.admins, view.threshold);
  if (refusal !== undefined) return refuse(view, refusal);
  const same = entry.seq <= head.seq ? held.log[entry.seq - 1] : undefined;
  if (same !== undefined && isSameItem(same, item)) return known(view);
  if (held.evidence.some((one) => one.item.body === item.body)) return known(view);
  const line: HeldEntry = { item, entry, hash: hashLine(item), variants: new Map() };
  if (same !== undefined) return same.item.body === item.body ? addVariant(view, line) : fork(view, line);
  if (view.frozen !== undefined) return applyFrozen(view, line);
  if (entry.seq !== head.seq + 1) return refuse(view, "gap");
  const chained = chainTo(view, entry.prev);
  if (chained === undefined) return refuse(view, "not-chained");
  if (entry.op.type === "unknown") {
    const detail = `entry ${entry.seq} holds ${entry.op.name}, which this version does not know`;
    return accept({
      ...view,
      held: { ...held, evidence: [...held.evidence, line] },
      frozen: { reason: "unknown-operation", detail },
    });
  }
  const operated = operate(append(chained, line), entry.op);
  return operated === undefined ? refuse(view, "bad-checkpoint") : accept(operated);
}

/** Another line of the genesis body, with other valid signatures. */
export function applyGenesis(view: MeshView, verified: VerifiedItem): Step {
  const { genesis } = view.held;
  const { item } = verified;
  if (item.body !== genesis.item.body) return refuse(view, "other-mesh");
  if (isSameItem(genesis, item)) return known(view);
  const refusal = refuseAdmins(verified, view.admins, view.threshold);
  if (refusal !== undefined) return refuse(view, refusal);
  return addVariant(view, { item, hash: hashLine(item), variants: new Map() });
}

/** Undefined when a checkpoint's root is not that of its set: every view comes to the same answer. */
function operate(view: MeshView, op: Operation): MeshView | undefined {
  switch (op.type) {
    case "coord.set": {
      const key = Uint8Array.from(Buffer.from(op.key, "hex")) as X25519PublicKey;
      return { ...view, coordinator: { key, urls: op.urls } };
    }
    case "node.revoke":
      return revoke(view, op.nid, op.seq);
    case "token.add":
      return addToken(view, op);
    case "token.revoke":
      return revokeToken(view, op);
    case "checkpoint": {
      const checkpoint = nextCheckpoint(view.checkpoint, op);
      return checkpoint && { ...view, checkpoint };
    }
    default:
      return op satisfies never;
  }
}

function revoke(view: MeshView, nid: NodeId, seq: number): MeshView {
  const floor = Math.max(seq, view.revoked.get(nid) ?? 0);
  const grants = new Map<NodeId, HeldGrant>(view.held.grants);
  const held = grants.get(nid);
  // What a token said of the node ends with any revocation: its seq was the token's own choice.
  if (held !== undefined && (held.tid !== undefined || held.grant.seq <= floor)) grants.delete(nid);
  return { ...view, revoked: new Map(view.revoked).set(nid, floor), held: { ...view.held, grants } };
}

/** Two entries with one seq: no further change, but nobody that either branch revoked stays. */
function fork(view: MeshView, line: HeldEntry): Step {
  const { entry } = line;
  const detail = `two different entries ${entry.seq} of the log are signed`;
  return applyFrozen({ ...view, frozen: view.frozen ?? { reason: "fork", detail } }, line, true);
}

function applyFrozen(view: MeshView, line: HeldEntry, proof = false): Step {
  const { op } = line.entry;
  const revocation = (op.type === "node.revoke" || op.type === "token.revoke") && view.frozen?.reason === "fork";
  if (!revocation && !(proof && view.held.evidence.length === 0)) return refuse(view, "frozen");
  if (view.held.evidence.length >= evidenceLimit) return refuse(view, "too-many");
  const kept = { ...view, held: { ...view.held, evidence: [...view.held.evidence, line] } };
  if (!revocation) return accept(kept);
  return accept(op.type === "node.revoke" ? revoke(kept, op.nid, op.seq) : revokeToken(kept, op));
}

function append(view: MeshView, line: HeldEntry): MeshView {
  return {
    ...view,
    head: { seq: line.entry.seq, hash: line.hash },
    held: { ...view.held, log: [...view.held.log, line] },
  };
}

function isSameItem(line: HeldLine, item: SignedItem): boolean {
  if (line.item.body !== item.body) return false;
  const hash = hashLine(item);
  return line.hash === hash || line.variants.has(hash);
}

function headLine(view: MeshView): HeldLine {
  return view.held.log.at(-1) ?? view.held.genesis;
}

/** Remembers another line of the head's body, so that an entry which was chained to it still fits. */
function addVariant(view: MeshView, line: HeldLine): Step {
  const head = headLine(view);
  if (head.item.body !== line.item.body || head.variants.size >= variantLimit) return known(view);
  return known(withHead(view, { ...head, variants: new Map(head.variants).set(line.hash, line.item) }));
}

/** The view whose head line has the hash `prev`; undefined when no line of the head has it. */
function chainTo(view: MeshView, prev: string): MeshView | undefined {
  const head = headLine(view);
  if (head.hash === prev) return view;
  const item = head.variants.get(prev);
  return item === undefined ? undefined : withHead(view, { ...head, item, hash: prev });
}

function withHead(view: MeshView, line: HeldLine): MeshView {
  const { held } = view;
  const last = held.log.at(-1);
  if (last === undefined) return { ...view, held: { ...held, genesis: line }, head: { seq: 0, hash: line.hash } };
  const log = [...held.log.slice(0, -1), { ...last, ...line }];
  return { ...view, held: { ...held, log }, head: { seq: last.entry.seq, hash: line.hash } };
}
