// The two modules inside ssh2 that are used and have no types of their own; its version is pinned.
declare module "ssh2/lib/protocol/constants.js" {
  const constants: {
    readonly DEFAULT_KEX: readonly string[];
    readonly SUPPORTED_KEX: readonly string[];
    readonly DEFAULT_CIPHER: readonly string[];
    readonly SUPPORTED_CIPHER: readonly string[];
    readonly DEFAULT_MAC: readonly string[];
    readonly SUPPORTED_MAC: readonly string[];
  };
  export default constants;
}

declare module "ssh2/lib/protocol/utils.js" {
  const utils: {
    /** Encrypts and writes a packet that the protocol's own writer has allocated and finalized. */
    sendPacket(protocol: unknown, packet: Uint8Array): boolean;
  };
  export default utils;
}
