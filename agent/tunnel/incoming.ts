// Datagrams that passed the gate: handshakes of both kinds, cookie replies, control messages.
import { eraseHandshake } from "../../protocol/noise/handshake.ts";
import { classify } from "../../protocol/wireguard/classify.ts";
import { consumeInitiation } from "../../protocol/wireguard/handshake.ts";
import type { HandshakeProfile } from "../../protocol/wireguard/profile.ts";
import type { Path } from "../transport/path.ts";
import type { Core, Link, SessionKind } from "./core.ts";
import { runSession } from "./sessions.ts";

/** What the receiver of datagrams passes on. */
export interface IncomingHandlers {
  /** An authenticated control plaintext. */
  readonly onControl: (link: Link, plaintext: Uint8Array, path: Path) => void;
  /** Something of this peer authenticated on this path; `data`: more than a keepalive or a handshake. */
  readonly onHeard: (link: Link, path: Path, data: boolean) => void;
}

/** Handles one datagram; whatever is wrong with it is counted and dropped. */
export function receive(core: Core, handlers: IncomingHandlers, datagram: Uint8Array, path: Path): void {
  const message = classify(datagram);
  switch (message.kind) {
    case "unknown":
      core.counters.count(`datagram_${message.reason}`);
      return;
    case "initiation":
      receiveInitiation(core, handlers, message.profile, datagram, path);
      return;
    case "response":
      if (!core.pending.has(message.receiverIndex)) {
        core.counters.count("response_unknown");
        return;
      }
      receiveResponse(core, handlers, message.profile.name, message.receiverIndex, datagram, path);
      return;
    case "cookieReply": {
      // Both an initiation and a response may be answered with a cookie; the index of the latter is a key's by now.
      const { receiverIndex } = message;
      const owner = core.pending.get(receiverIndex) ?? core.indices.get(receiverIndex);
      const link = owner === undefined ? undefined : core.links.get(owner.nid);
      if (link === undefined || owner?.kind !== message.profile.name) {
        core.counters.count("cookie_unknown");
        return;
      }
      runSession(core, link, owner.kind, { kind: "cookieReply", message: datagram });
      return;
    }
    case "data":
      if (message.profile.name !== "control") {
        core.counters.count("datagram_type");
        return;
      }
      receiveControl(core, handlers, message.receiverIndex, message.counter, datagram, path);
      return;
  }
}

function receiveInitiation(
  core: Core,
  handlers: IncomingHandlers,
  profile: HandshakeProfile,
  datagram: Uint8Array,
  path: Path,
): void {
  const kind = profile.name;
  const consumed = consumeInitiation(profile, core.identity[kind], datagram);
  if (!consumed.ok) {
    core.counters.count(`handshake_${consumed.reason}`);
    return;
  }
  const nid = core.byKey[kind].get(Buffer.from(consumed.received.remoteStatic).toString("hex"));
  const link = nid === undefined ? undefined : core.links.get(nid);
  if (link === undefined) {
    core.counters.count("handshake_stranger");
    eraseHandshake(consumed.received.state);
    return;
  }
  // The relay's word for who sent it is a hint; the answer goes to who proved to be the sender (protocol.md §6b).
  const back: Path = path.kind === "relay" ? { kind: "relay", nid: link.peer.nid } : path;
  const before = link.sessions[kind].greatestTimestamp;
  runSession(core, link, kind, { kind: "initiation", received: consumed.received }, back);
  eraseHandshake(consumed.received.state);
  if (link.sessions[kind].greatestTimestamp !== before) handlers.onHeard(link, back, false);
}

function receiveResponse(
  core: Core,
  handlers: IncomingHandlers,
  kind: SessionKind,
  receiverIndex: number,
  datagram: Uint8Array,
  path: Path,
): void {
  const pending = core.pending.get(receiverIndex);
  const link = pending === undefined ? undefined : core.links.get(pending.nid);
  if (link === undefined || pending?.kind !== kind) {
    core.counters.count("response_unknown");
    return;
  }
  const back: Path = path.kind === "relay" ? { kind: "relay", nid: link.peer.nid } : path;
  const before = link.sessions[kind].current;
  runSession(core, link, kind, { kind: "response", message: datagram }, back);
  if (link.sessions[kind].current !== before) handlers.onHeard(link, back, false);
}

function receiveControl(
  core: Core,
  handlers: IncomingHandlers,
  receiverIndex: number,
  counter: number,
  datagram: Uint8Array,
  path: Path,
): void {
  const opened = core.controlKeys.open(datagram, receiverIndex, counter, core.clock.now());
  if (!opened.ok) {
    core.counters.count(`control_${opened.reason}`);
    return;
  }
  const link = core.links.get(opened.peer);
  if (link === undefined) {
    core.counters.count("control_stranger");
    return;
  }
  const back: Path = path.kind === "relay" ? { kind: "relay", nid: link.peer.nid } : path;
  const data = opened.plaintext.length > 0;
  runSession(core, link, "control", { kind: "received", localIndex: opened.localIndex, data }, back);
  handlers.onHeard(link, back, false);
  if (data) handlers.onControl(link, opened.plaintext, back);
}
