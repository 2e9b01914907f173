// Public keys that log in, certificates and security keys too: the SSH library knows neither, so their requests are built here.
import ssh2, { type AnyAuthMethod, type Client, type IdentityCallback, type ParsedKey, type SignCallback } from "ssh2";
import library from "ssh2/lib/protocol/utils.js";
import { sshString } from "../../../protocol/trust/ssh-wire.ts";
import { isCertificateType, plainType } from "./certificate.ts";

/** A key or certificate to log in with. */
export interface OfferedKey {
  /** As its blob begins: "ssh-ed25519", "ssh-rsa-cert-v01@openssh.com", … */
  readonly type: string;
  readonly blob: Buffer;
  /** The signature as SSH has it, algorithm and value. A rejection is noted, and the next key is tried. */
  sign(data: Buffer, algorithm: string): Promise<Buffer>;
}

/** What the host last said about a try. */
export interface HostAnswer {
  readonly left: readonly string[];
  readonly partial: boolean;
}

/** The parts of ssh2 1.17.0's protocol that are used; the version is pinned, and a test logs in with each kind of key. */
interface LibraryProtocol {
  authPK(username: string, key: ParsedKey, algorithm?: string, sign?: LibrarySign): void;
  readonly _kex: { readonly sessionID: Buffer };
  readonly _authsQueue: string[];
  readonly _packetRW: {
    readonly write: { readonly allocStart: number; alloc(size: number): Buffer; finalize(packet: Buffer): Buffer };
  };
  readonly _handlers: { USERAUTH_FAILURE(protocol: unknown, left: readonly string[], partial: boolean): void };
}
type LibrarySign = (data: Buffer, done: (signature: Buffer) => void) => void;

const userauthRequest = 50;
const offers = new WeakMap<ParsedKey, OfferedKey>();

/** The method that the library is given for `offered`; `onRefusal` hears why it could not sign. */
export function offerMethod(username: string, offered: OfferedKey, onRefusal: (why: string) => void): AnyAuthMethod {
  return { type: "agent", username, agent: new OneKeyAgent(toLibraryKey(offered), offered, onRefusal) };
}

/** Makes `client`, which is connecting, able to offer such keys; `onAnswer` hears what the host says after each try. */
export function acceptOffers(client: Client, onAnswer: (answer: HostAnswer) => void): void {
  const { _protocol: protocol } = client as unknown as { readonly _protocol: LibraryProtocol };
  const send = (payload: Buffer) => {
    const { write } = protocol._packetRW;
    const packet = write.alloc(payload.length);
    packet.set(payload, write.allocStart);
    protocol._authsQueue.push("publickey");
    library.sendPacket(protocol, write.finalize(packet));
  };
  const standard = protocol.authPK.bind(protocol);
  protocol.authPK = (username, key, algorithm, sign) => {
    const offered = offers.get(key);
    if (offered === undefined) return standard(username, key, algorithm, sign);
    const request = (signed: boolean) =>
      Buffer.concat([
        Buffer.of(userauthRequest),
        sshString(username),
        sshString("ssh-connection"),
        sshString("publickey"),
        Buffer.of(signed ? 1 : 0),
        sshString(wireAlgorithm(offered.type, algorithm)),
        sshString(offered.blob),
      ]);
    if (sign === undefined) return send(request(false));
    const signed = request(true);
    sign(Buffer.concat([sshString(protocol._kex.sessionID), signed]), (signature) =>
      send(Buffer.concat([signed, sshString(signature)])),
    );
  };
  // After a key the library does not pass on which methods are left, and two factors need that.
  const { USERAUTH_FAILURE: failed } = protocol._handlers;
  protocol._handlers.USERAUTH_FAILURE = (self, left, partial) => {
    onAnswer({ left, partial });
    failed(self, left, partial);
  };
}

/** What a key of `type` signs with, where the library has chosen `chosen` for RSA. SHA-1 is never used. */
export function signatureAlgorithm(type: string, chosen: string | undefined): string {
  if (plainType(type) !== "ssh-rsa") return plainType(type);
  return chosen === "rsa-sha2-512" ? chosen : "rsa-sha2-256";
}

function wireAlgorithm(type: string, chosen: string | undefined): string {
  if (plainType(type) !== "ssh-rsa") return type;
  return `${signatureAlgorithm(type, chosen)}${isCertificateType(type) ? "-cert-v01@openssh.com" : ""}`;
}

/** The library asks a key for its type, to choose the hash for RSA, and for its blob. Its class cannot be made from outside. */
function toLibraryKey(offered: OfferedKey): ParsedKey {
  const template = ssh2.utils.parseKey(
    `ssh-ed25519 ${Buffer.concat([sshString("ssh-ed25519"), sshString(Buffer.alloc(32, 9))]).toString("base64")}`,
  );
  if (template instanceof Error) throw template;
  const key = Object.create(template, {
    type: { value: plainType(offered.type) },
    getPublicSSH: { value: () => offered.blob },
  }) as ParsedKey;
  offers.set(key, offered);
  return key;
}

class OneKeyAgent extends ssh2.BaseAgent<ParsedKey> {
  readonly #key: ParsedKey;
  readonly #offered: OfferedKey;
  readonly #onRefusal: (why: string) => void;
  constructor(key: ParsedKey, offered: OfferedKey, onRefusal: (why: string) => void) {
    super();
    this.#key = key;
    this.#offered = offered;
    this.#onRefusal = onRefusal;
  }
  override getIdentities(callback: IdentityCallback<ParsedKey>): void {
    callback(undefined, [this.#key]);
  }
  override sign(_key: ParsedKey, data: Buffer, options: { hash?: string } | SignCallback, done?: SignCallback): void {
    const callback = typeof options === "function" ? options : done;
    const hash = typeof options === "function" ? undefined : options.hash;
    const algorithm = signatureAlgorithm(this.#offered.type, hash === "sha512" ? "rsa-sha2-512" : undefined);
    this.#offered.sign(data, algorithm).then(
      (signature) => callback?.(undefined, signature),
      (error: Error) => {
        this.#onRefusal(error.message);
        callback?.(error);
      },
    );
  }
}
