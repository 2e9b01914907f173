// What a guest may do that holds a join token: prove it, read genesis and log, be proposed a place, bring its grant (protocol.md §6).
import type { NodeId } from "../../protocol/brand.ts";
import { signatureNamespaces } from "../../protocol/constants.ts";
import { type CoordinationBodies, encodeCoordination } from "../../protocol/coordination/frame.ts";
import { joinProofText } from "../../protocol/coordination/messages.ts";
import type { SignedItem } from "../../protocol/trust/item.ts";
import type { MeshView, TokenState } from "../../protocol/trust/member.ts";
import { verifySshsig } from "../../protocol/trust/sshsig.ts";
import { tokenIdOf } from "../../protocol/trust/token-keys.ts";
import { listTokens, stateOf } from "../../protocol/trust/token-list.ts";
import { choosePlace, isTaken, type Surroundings } from "../membership/proposals.ts";
import { onlyGranted, type Verdict } from "../membership/registry.ts";
import { ranks } from "../store/store.ts";
import type { WireContext } from "./context.ts";
import type { OpenChannel } from "./link.ts";
import { MapFeed } from "./map-feed.ts";

type Refusal = Extract<CoordinationBodies["proposed"], { ok: false }>;

/** The joining side of one guest's channel. */
export class Joining {
  readonly #context: WireContext;
  readonly #channel: OpenChannel;
  readonly #nid: NodeId;
  #tid: string | undefined;

  constructor(context: WireContext, channel: OpenChannel, nid: NodeId) {
    this.#context = context;
    this.#channel = channel;
    this.#nid = nid;
  }

  /** The answer to `prove`; genesis and log follow a good one. */
  prove({ id, tid, proof }: CoordinationBodies["prove"]): void {
    const { registry, counters } = this.#context;
    const state = registry.view.tokens.get(tid);
    const refusal = state === undefined ? unknown : this.#isProven(state, proof) ? this.#refuse(state) : unknown;
    if (refusal !== undefined) {
      counters.add("join.refused.token");
      this.#answer("proven", { id, ok: false, ...refusal, time: this.#time() });
      return;
    }
    this.#tid = tid;
    const left = listTokens(registry.view, this.#time()).find((one) => one.tid === tid)?.usesLeft ?? 0;
    this.#answer("proven", { id, ok: true, time: this.#time(), usesLeft: left });
    const feed = new MapFeed(registry, 0, ({ rank }) => rank <= ranks.log);
    for (let message = feed.next(); message !== undefined; message = feed.next()) this.#channel.outbox.control(message);
  }

  /** The answer to `propose`: the grant that is in force, or a free place that is kept for a while. */
  async propose({ id, nid, name, exact }: CoordinationBodies["propose"]): Promise<void> {
    const { registry, counters, pendingJoins } = this.#context;
    await registry.exclusively(async () => {
      const state = this.#tid === undefined ? undefined : registry.view.tokens.get(this.#tid);
      const refuse = (refusal: Pick<Refusal, "code" | "message">): void => {
        counters.add("join.refused.place");
        this.#answer("proposed", { id, ok: false, ...refusal, time: this.#time() });
      };
      if (state === undefined || nid !== this.#nid) return refuse(unknown);
      const { view } = registry;
      const held = view.held.keys.get(nid);
      const keys = held === undefined ? {} : { keys: held.item };
      const granted = view.members.has(nid) ? view.held.grants.get(nid) : undefined;
      const time = this.#time();
      if (granted !== undefined) {
        const { name: own, ip4, seq } = granted.grant;
        this.#answer("proposed", { id, ok: true, name: own, ip4, seq, time, granted: granted.item, ...keys });
        return;
      }
      const late = this.#refuse(state);
      if (late !== undefined) return refuse(late);
      if (view.revoked.has(nid)) return refuse(revokedNode);
      const chosen = choosePlace(await this.#around(), state.token, { nid, name, exact });
      if (!chosen.ok) return refuse(chosen);
      pendingJoins.keep(nid, state.token.tid, chosen.place);
      this.#answer("proposed", { id, ok: true, ...chosen.place, seq: nextSequence(view, nid), time, ...keys });
    });
  }

  /** Items of the joining node: keys of its own, and a grant by the token that this channel has proven, for a free place. */
  async submit(items: readonly SignedItem[]): Promise<readonly Verdict[]> {
    const { registry, pendingJoins } = this.#context;
    const verdicts = await registry.join(
      items,
      (nid, view) => (nid === this.#nid ? onlyGranted(nid, view) : "not-yours"),
      async (grant, view) => {
        const token = this.#tid === undefined ? undefined : view.tokens.get(this.#tid)?.token;
        const before = view.held.grants.get(grant.nid);
        if (grant.nid !== this.#nid) return "not-yours";
        // Whoever is granted already changes nothing by this: the view answers.
        if (token === undefined) return before === undefined && grant.origin === "token" ? "not-proven" : undefined;
        const taken = before === undefined && isTaken(await this.#around(), token, grant.nid, grant);
        return taken ? "name-taken" : undefined;
      },
    );
    if (registry.view.held.grants.has(this.#nid)) pendingJoins.end(this.#nid);
    return verdicts;
  }

  #isProven({ token }: TokenState, proof: string): boolean {
    const { meshId } = this.#context;
    const text = joinProofText(Buffer.from(meshId).toString("hex"), this.#channel.transport.channelBinding);
    const verdict = verifySshsig(proof, signatureNamespaces.token, text);
    const material = verdict.ok ? verdict.signer.material : undefined;
    return (
      material?.kind === "ed25519" && tokenIdOf(material.point) === token.tid && hexOf(material.point) === token.pub
    );
  }

  /** Why nobody new joins by it; a node that has joined may ask again, for its answer may have been lost. */
  #refuse(state: TokenState): Pick<Refusal, "code" | "message"> | undefined {
    const { held, members } = this.#context.registry.view;
    if (members.has(this.#nid)) return undefined;
    const { tid } = state.token;
    const nodes = held.uses.get(tid);
    const used = (nodes?.size ?? 0) - (nodes?.has(this.#nid) ? 1 : 0);
    const token = stateOf(state, used, this.#time());
    return token === "usable" ? undefined : { code: refusals[token], message: `token ${tid}` };
  }

  async #around(): Promise<Surroundings> {
    const { registry, pendingJoins } = this.#context;
    const { store, view } = registry;
    const [reservations, reserved] = [await store.reservations(), await store.reserved()];
    return { view, reservations, reserved, pending: pendingJoins.all(), nowUnixSeconds: this.#time() };
  }

  #time(): number {
    return Math.floor(this.#context.wallClock() / 1000);
  }

  #answer<K extends "proven" | "proposed">(kind: K, body: CoordinationBodies[K]): void {
    this.#channel.outbox.control(encodeCoordination(kind, body));
  }
}

const unknown = { code: "TM_JOIN_UNKNOWN_TOKEN", message: "no entry of the log is of this token" };
const revokedNode = {
  code: "TM_JOIN_REFUSED",
  message: "an admin has removed this node, and only an admin brings it back (stack file or tm add-node)",
};
const refusals = {
  expired: "TM_JOIN_EXPIRED",
  "used-up": "TM_JOIN_USED_UP",
  revoked: "TM_JOIN_REVOKED",
} as const;

/** Above everything that a token has signed for this node. */
function nextSequence(view: MeshView, nid: NodeId): number {
  const signed = [...view.held.uses.values()].map((nodes) => nodes.get(nid)?.grant.seq ?? 0);
  return Math.max(0, ...signed) + 1;
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
