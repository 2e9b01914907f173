// Asks an SSH server for its host certificate: a key exchange as far as the server's key (RFC 4253 §7, RFC 5656 §4), then no further.
import { generateKeyPairSync, randomBytes } from "node:crypto";
import type { Duplex } from "node:stream";
import { SshFormatError, SshReader, sshString, sshUint32 } from "../../../protocol/trust/ssh-wire.ts";

const kexinit = 20;
const ecdhInit = 30;
const ecdhReply = 31;
const disconnect = 1;
const bannerLimit = 8 * 1024;
const packetLimit = 64 * 1024;
const byteLimit = 256 * 1024;

export interface ScanOptions {
  /** Names of certificate algorithms to ask for. */
  readonly algorithms: readonly string[];
  /** Milliseconds. */
  readonly timeout: number;
  readonly signal?: AbortSignal;
}

/**
 * The certificate that the server has; undefined: it has none of these kinds, or does not answer as a server does. Nothing is
 * proved by this: the certified key proves itself in the connection that follows. Ends `stream`.
 * @throws the signal's reason when aborted
 */
export function scanCertificate(stream: Duplex, options: ScanOptions): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    let buffered: Buffer = Buffer.alloc(0);
    let greeted = false;
    let total = 0;
    const end = (blob: Buffer | undefined) => {
      clearTimeout(timer);
      options.signal?.removeEventListener("abort", abort);
      stream.removeAllListeners("data");
      stream.destroy();
      resolve(blob);
    };
    const abort = () => {
      end(undefined);
      reject(options.signal?.reason);
    };
    const timer = setTimeout(end, options.timeout, undefined);
    options.signal?.addEventListener("abort", abort, { once: true });
    const read = () => {
      if (!greeted) {
        const rest = afterGreeting(buffered);
        if (rest === undefined) {
          if (buffered.length > bannerLimit) end(undefined);
          return;
        }
        greeted = true;
        buffered = rest;
        stream.write(packet(keyExchangeOffer(options.algorithms)));
      }
      for (let next = takePacket(buffered); next !== undefined; next = takePacket(buffered)) {
        buffered = next.rest;
        const [type] = next.payload;
        if (type === disconnect) return end(undefined);
        if (type === kexinit) {
          if (!offersAny(next.payload, options.algorithms)) return end(undefined);
          stream.write(packet(Buffer.concat([Buffer.of(ecdhInit), sshString(publicPoint())])));
        } else if (type === ecdhReply) return end(Buffer.from(new SshReader(next.payload.subarray(1)).string()));
      }
    };
    stream.on("data", (chunk: Buffer) => {
      total += chunk.length;
      if (total > byteLimit) return end(undefined);
      buffered = Buffer.concat([buffered, chunk]);
      try {
        read();
      } catch (error) {
        if (error instanceof SshFormatError) end(undefined);
        else throw error;
      }
    });
    stream.once("close", () => end(undefined));
    stream.once("error", () => end(undefined));
    if (options.signal?.aborted === true) return abort();
    if (stream.destroyed) return end(undefined);
    stream.write("SSH-2.0-TunnelMesh\r\n");
  });
}

/** What follows the line "SSH-2.0-…"; other lines may come before it. */
function afterGreeting(bytes: Buffer): Buffer | undefined {
  const text = bytes.toString("latin1");
  const match = /(?:^|\n)SSH-2\.0-[^\n]*\n/.exec(text);
  return match === null ? undefined : bytes.subarray(match.index + match[0].length);
}

function keyExchangeOffer(algorithms: readonly string[]): Buffer {
  // Encryption is named because it has to be; it is never reached.
  const cipher = "aes128-ctr,aes256-ctr,aes128-gcm@openssh.com,chacha20-poly1305@openssh.com";
  const mac = "hmac-sha2-256,hmac-sha2-512,hmac-sha2-256-etm@openssh.com,hmac-sha1";
  const kex = "curve25519-sha256,curve25519-sha256@libssh.org";
  const lists = [kex, algorithms.join(","), cipher, cipher, mac, mac, "none", "none", "", ""].map(sshString);
  return Buffer.concat([Buffer.of(kexinit), randomBytes(16), ...lists, Buffer.of(0), sshUint32(0)]);
}

function offersAny(payload: Buffer, algorithms: readonly string[]): boolean {
  const reader = new SshReader(payload.subarray(17));
  reader.string();
  return Buffer.from(reader.string())
    .toString("latin1")
    .split(",")
    .some((name) => algorithms.includes(name));
}

function publicPoint(): Buffer {
  return Buffer.from(generateKeyPairSync("x25519").publicKey.export({ format: "jwk" }).x ?? "", "base64url");
}

/** uint32 length ‖ byte padding length ‖ payload ‖ padding, in blocks of 8 (RFC 4253 §6). */
function packet(payload: Buffer): Buffer {
  const padding = 4 + ((8 - ((payload.length + 9) % 8)) % 8);
  return Buffer.concat([sshUint32(1 + payload.length + padding), Buffer.of(padding), payload, randomBytes(padding)]);
}

/** @throws SshFormatError */
function takePacket(bytes: Buffer): { payload: Buffer; rest: Buffer } | undefined {
  if (bytes.length < 5) return undefined;
  const length = bytes.readUInt32BE(0);
  const padding = bytes[4] ?? 0;
  if (length > packetLimit || length < padding + 2) throw new SshFormatError("its packet has no sense");
  if (bytes.length < 4 + length) return undefined;
  return { payload: bytes.subarray(5, 4 + length - padding), rest: bytes.subarray(4 + length) };
}
