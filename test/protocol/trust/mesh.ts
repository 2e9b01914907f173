// A small mesh for tests: fixed keys, and items signed with them.
import { createHash } from "node:crypto";
import { signatureNamespaces } from "../../../protocol/constants.ts";
import { encodeGenesis, type Genesis } from "../../../protocol/trust/genesis.ts";
import { encodeGrant, type Grant } from "../../../protocol/trust/grant.ts";
import type { SignedItem } from "../../../protocol/trust/item.ts";
import { encodeKeys, type Keys } from "../../../protocol/trust/keys.ts";
import { encodeLogEntry, type Operation } from "../../../protocol/trust/log-entry.ts";
import { makeToken, type NewToken } from "../../../protocol/trust/make-token.ts";
import type { MeshView } from "../../../protocol/trust/member.ts";
import { type Signer, seedSigner, signItem } from "../../../protocol/trust/signing.ts";
import { nodeIdOf } from "../../../protocol/trust/ssh-public-key.ts";
import { signSshsig } from "../../../protocol/trust/sshsig.ts";
import type { TokenAdd } from "../../../protocol/trust/token-entry.ts";
import { tokenKeys } from "../../../protocol/trust/token-keys.ts";
import { deriveTunnelKeys } from "../../../protocol/trust/tunnel-keys.ts";
import { openView } from "../../../protocol/trust/view.ts";

/** A moment at which nothing has expired. */
export const now = 1_800_000_000;

/** A party with a plain Ed25519 key made from its name. */
export interface Party {
  readonly name: string;
  readonly seed: Uint8Array;
  readonly signer: Signer;
}

export function party(name: string): Party {
  const seed = Uint8Array.from(createHash("sha256").update(name).digest());
  return { name, seed, signer: seedSigner(seed) };
}

export const admin = party("admin");
export const mallory = party("mallory");

export function sign(body: string, who: readonly Party[], namespace: string): SignedItem {
  return { body, sigs: who.map(({ seed }) => signSshsig(seed, namespace, body)) };
}

export function genesisItem(change: Partial<Genesis> = {}, who: readonly Party[] = [admin]): SignedItem {
  const body = encodeGenesis({
    v: 1,
    name: "demo-dev",
    nonce: "11".repeat(32),
    admins: who.map(({ signer }) => signer.publicKey.line),
    threshold: 1,
    range: "100.64.0.0/10",
    domain: "mesh",
    ...change,
  });
  return sign(body, who, signatureNamespaces.lock);
}

export function openedView(genesis: SignedItem = genesisItem()): MeshView {
  const opened = openView(genesis);
  if (!opened.ok) throw new Error(opened.reason);
  return opened.view;
}

export function grantItem(view: MeshView, who: Party, change: Partial<Grant> = {}, by: Party = admin): SignedItem {
  const body = encodeGrant({
    v: 1,
    mesh: view.meshId,
    nid: nodeIdOf(who.signer.publicKey),
    sshPub: who.signer.publicKey.line,
    name: who.name,
    ip4: "100.64.0.1" as Grant["ip4"],
    groups: [],
    routes: [],
    exp: 0,
    origin: "stack",
    seq: 1,
    by: nodeIdOf(by.signer.publicKey),
    ...change,
  });
  return sign(body, [by], signatureNamespaces.lock);
}

export function keysItem(view: MeshView, who: Party, change: Partial<Keys> = {}, by: Party = who): SignedItem {
  const derived = deriveTunnelKeys(who.seed);
  const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
  const body = encodeKeys({
    v: 1,
    mesh: view.meshId,
    nid: nodeIdOf(who.signer.publicKey),
    x25519: hex(derived.x25519.publicKey),
    ctl: hex(derived.ctl.publicKey),
    ekSha256: null,
    pq: "off",
    gen: 1,
    seq: 1,
    iat: now,
    ...change,
  });
  return sign(body, [by], signatureNamespaces.node);
}

export function logItem(view: MeshView, op: Operation, who: readonly Party[] = [admin]): SignedItem {
  const { seq, hash } = view.head;
  const body = encodeLogEntry({ v: 1, mesh: view.meshId, seq: seq + 1, prev: hash, time: now, op });
  return sign(body, who, signatureNamespaces.lock);
}

/** A join token of fixed seed for `view`: the entry that admits it, and what signs by it. */
export function tokenOf(view: MeshView, name: string, change: Partial<NewToken> = {}): MadeToken {
  const seed = Uint8Array.from(createHash("sha256").update(`token ${name}`).digest());
  const token: NewToken = {
    meshId: view.meshId,
    coordinatorKey: deriveTunnelKeys(seed).ctl.publicKey,
    seed,
    exp: now + 86_400,
    uses: 2,
    ephemeral: false,
    urls: ["ws://198.18.0.1:8443"],
    groups: ["web"],
    ci: false,
    wraps: [],
    ...change,
  };
  const { signer } = tokenKeys(seed, view.meshId);
  return { ...makeToken(token), token, party: { name, seed, signer } };
}

export interface MadeToken {
  readonly text: string;
  readonly entry: TokenAdd;
  readonly token: NewToken;
  /** `signer` signs; `seed` is the token's, not the signing key's. */
  readonly party: Party;
}

/** A grant that the token signed. */
export async function tokenGrant(
  view: MeshView,
  { party: { signer }, entry }: MadeToken,
  who: Party,
  change: Partial<Grant> = {},
): Promise<SignedItem> {
  const { body } = grantItem(view, who, {
    groups: entry.groups,
    origin: "token",
    by: nodeIdOf(signer.publicKey),
    ...change,
  });
  return await signItem(body, signatureNamespaces.token, [signer]);
}
