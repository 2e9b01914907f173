// Reads and writes the data types of the SSH protocol (RFC 4251 §5): uint32, string, mpint.

/** Thrown by `SshReader` on bytes that do not fit; the parser at the edge turns it into its refusal or error. */
export class SshFormatError extends Error {
  override readonly name = "SshFormatError";
}

/** Reads SSH values one after the other; every length is checked before it is used. */
export class SshReader {
  readonly #bytes: Uint8Array;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Exactly `length` bytes, as a view. @throws SshFormatError */
  take(length: number): Uint8Array {
    if (length > this.#bytes.length - this.#offset) throw new SshFormatError("it ends too early");
    this.#offset += length;
    return this.#bytes.subarray(this.#offset - length, this.#offset);
  }

  /** An unsigned 32-bit big-endian number. @throws SshFormatError */
  uint32(): number {
    const bytes = this.take(4);
    return new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0);
  }

  /** A length-prefixed byte string, as a view. @throws SshFormatError */
  string(): Uint8Array {
    return this.take(this.uint32());
  }

  /** A length-prefixed string of printable ASCII. @throws SshFormatError */
  text(): string {
    const text = Buffer.from(this.string()).toString("latin1");
    if (!/^[\x20-\x7e]*$/.test(text)) throw new SshFormatError("a name in it is not printable ASCII");
    return text;
  }

  /** A positive integer in its one minimal encoding, without the sign byte. @throws SshFormatError */
  positive(): Uint8Array {
    const bytes = this.string();
    const [first, second] = bytes;
    if (first === undefined || first >= 0x80) throw new SshFormatError("a number in it is not positive");
    if (first !== 0) return bytes;
    if (second === undefined || second < 0x80) throw new SshFormatError("a number in it is not minimal");
    return bytes.subarray(1);
  }

  /** Whatever is left. */
  rest(): Uint8Array {
    return this.take(this.#bytes.length - this.#offset);
  }

  /** @throws SshFormatError when bytes are left */
  end(): void {
    if (this.#offset !== this.#bytes.length) throw new SshFormatError("bytes follow its end");
  }
}

/** A length-prefixed byte string. */
export function sshString(value: Uint8Array | string): Buffer {
  const bytes = Buffer.from(value);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

/** An unsigned 32-bit big-endian number. */
export function sshUint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** Decodes base64 in its one canonical form (RFC 4648 §4, padded). @throws SshFormatError */
export function decodeBase64(text: string): Buffer {
  const bytes = Buffer.from(text, "base64");
  if (bytes.toString("base64") !== text) throw new SshFormatError("its base64 is damaged");
  return bytes;
}
