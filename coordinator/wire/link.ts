// What guest and member know of the WebSocket they live on.
import type { NodeId } from "../../protocol/brand.ts";
import type { CoordinationBodies } from "../../protocol/coordination/frame.ts";
import type { ChannelTransport } from "../../protocol/coordination/transport.ts";
import type { WireContext } from "./context.ts";
import type { Outbox } from "./outbox.ts";

export type Hello = CoordinationBodies["hello"];

/** A channel whose control key is known; proven once a frame has opened. */
export interface OpenChannel {
  readonly transport: ChannelTransport;
  readonly remote: Uint8Array;
  readonly outbox: Outbox;
}

export interface Link {
  readonly context: WireContext;
  /** Where the WebSocket came from. */
  readonly address: string;
  /** Whether this channel's key is the control key of the current member `nid`. */
  isMember(nid: NodeId, channel: OpenChannel): boolean;
  /** Makes a member of a channel that said hello. Of two instances of one node the one that was there first stays. */
  becomeMember(channel: OpenChannel, hello: Hello): Promise<void>;
  /** Whether anything comes from the other side within `milliseconds`. */
  isAlive(milliseconds: number): Promise<boolean>;
  /** Ends the channel without a word and counts why. */
  refuse(counter: string): void;
  /** Tells the other side a code of the catalogue, then closes. */
  end(code: string, message: string): void;
}
