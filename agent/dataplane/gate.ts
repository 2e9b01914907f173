// What a datagram that is no tunnel data must pass before it costs the agent anything: its form, mac1, and a cookie under load.
import { classify } from "../../protocol/wireguard/classify.ts";
import { createCookieReply } from "../../protocol/wireguard/cookie.ts";
import { verifyMac1 } from "../../protocol/wireguard/macs.ts";
import type { HandshakeProfile } from "../../protocol/wireguard/profile.ts";
import type { Path } from "../transport/path.ts";
import { AdmissionControl } from "./admission.ts";
import { type Bucket, fullBucket, type Rate, takeToken } from "./bucket.ts";

/** This node's static public keys: what mac1 is made for. */
export interface GateKeys {
  readonly tunnel: Uint8Array;
  readonly control: Uint8Array;
}

/** Counters of what was refused, by stable name; each cookie counts too. */
export type GateCounter =
  | "datagram_type"
  | "datagram_length"
  | "handshake_mac1"
  | "handshake_cookie"
  | "handshake_cookieLimit"
  | "handshake_sourceLimit"
  | "handshake_totalLimit"
  | "control_limit";

/** Control data and cookie replies: from where peers are expected, and from anywhere else. */
const fromKnown: Rate = { rate: 2, burst: 1_000 };
const fromStrangers: Rate = { rate: 0.2, burst: 200 };

export class Gate {
  readonly #keys: GateKeys;
  readonly #random: (length: number) => Uint8Array;
  readonly #answer: (datagram: Uint8Array, path: Path) => void;
  readonly #count: (name: GateCounter) => void;
  readonly #admission: AdmissionControl;
  readonly #fromKnown: Bucket = fullBucket(fromKnown);
  readonly #fromStrangers: Bucket = fullBucket(fromStrangers);
  #known: ReadonlySet<string> = new Set();

  /** @param answer sends a cookie back to where a handshake came from */
  constructor(
    keys: GateKeys,
    random: (length: number) => Uint8Array,
    answer: (datagram: Uint8Array, path: Path) => void,
    count: (name: GateCounter) => void,
  ) {
    this.#keys = keys;
    this.#random = random;
    this.#answer = answer;
    this.#count = count;
    this.#admission = new AdmissionControl(random);
  }

  /** Addresses at which peers are expected, without zone: a flood from elsewhere does not shut them out. */
  setKnown(addresses: readonly string[]): void {
    this.#known = new Set(addresses);
  }

  /**
   * Whether the datagram goes on to sessions and paths. `datagram` may be a view of memory that changes afterwards.
   * @param pathOf where it came from; asked only once the datagram is worth it
   */
  pass(datagram: Uint8Array, pathOf: () => Path, now: number): boolean {
    const message = classify(datagram);
    switch (message.kind) {
      case "unknown":
        this.#count(`datagram_${message.reason}`);
        return false;
      case "initiation":
      case "response":
        return this.#admit(message.profile, datagram, pathOf, now);
      case "data":
        if (message.profile.name !== "control") {
          this.#count("datagram_type");
          return false;
        }
        return this.#limit(pathOf(), now);
      case "cookieReply":
        return this.#limit(pathOf(), now);
    }
  }

  #admit(profile: HandshakeProfile, datagram: Uint8Array, pathOf: () => Path, now: number): boolean {
    const localPublicKey = this.#keys[profile.name];
    if (!verifyMac1(profile, localPublicKey, datagram)) {
      this.#count("handshake_mac1");
      return false;
    }
    const path = pathOf();
    const verdict = this.#admission.admit(path, datagram, now, this.#expects(path));
    if (verdict === "admitted") return true;
    this.#count(`handshake_${verdict}`);
    if (verdict === "cookie") {
      const cookie = this.#admission.cookie(path, now);
      const input = { localPublicKey, message: datagram, cookie, nonce: this.#random(24) };
      this.#answer(createCookieReply(profile, input), path);
    }
    return false;
  }

  #limit(path: Path, now: number): boolean {
    const passed = this.#expects(path)
      ? takeToken(this.#fromKnown, fromKnown, now)
      : takeToken(this.#fromStrangers, fromStrangers, now);
    if (!passed) this.#count("control_limit");
    return passed;
  }

  /** The relay knows whose frames it takes. */
  #expects(path: Path): boolean {
    return path.kind === "relay" || this.#known.has(path.address.replace(/%.*$/, ""));
  }
}
