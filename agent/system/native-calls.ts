// System calls on addresses instead of buffers: nothing is allocated or copied on the way to the kernel. For one thread's arena.
import koffi from "koffi";

/** Addresses are numbers into memory that the caller keeps alive. A negative result means that `errno()` says why. */
export interface NativeCalls {
  readonly read: (fd: number, into: number, length: number) => number;
  readonly write: (fd: number, from: number, length: number) => number;
  readonly writev: (fd: number, vectors: number, count: number) => number;
  readonly poll: (descriptors: number, count: number, timeout: number) => number;
  readonly send: (fd: number, from: number, length: number, flags: number, name: number, nameLength: number) => number;
  readonly sendmsg: (fd: number, message: number, flags: number) => number;
  readonly sendmmsg: (fd: number, messages: number, count: number, flags: number) => number;
  readonly recvmsg: (fd: number, message: number, flags: number) => number;
  readonly recvmmsg: (fd: number, messages: number, count: number, flags: number, timeout: number) => number;
  readonly socket: (family: number, type: number, protocol: number) => number;
  readonly bind: (fd: number, name: number, nameLength: number) => number;
  readonly getsockname: (fd: number, name: number, nameLength: number) => number;
  readonly setsockopt: (fd: number, level: number, option: number, value: number, length: number) => number;
  /** The third argument is a number or an address, as the request has it. */
  readonly ioctl: (fd: number, request: number, argument: number) => number;
  readonly clockGettime: (clock: number, time: number) => number;
  readonly usleep: (microseconds: number) => number;
  readonly close: (fd: number) => number;
  readonly errno: () => number;
}

/** OpenSSL's own parts of ChaCha20-Poly1305: exported by Node, but not public API. */
export interface DirectCipherCalls {
  readonly chacha20: (output: number, input: number, length: number, key: number, counter: number) => void;
  readonly polyInit: (state: number, key: number) => void;
  readonly polyUpdate: (state: number, input: number, length: number) => void;
  readonly polyFinal: (state: number, tag: number) => void;
}

/** OpenSSL's public interface. Contexts and ciphers are addresses. */
export interface EvpCalls {
  readonly newContext: () => number;
  readonly freeContext: (context: number) => void;
  readonly cipher: () => number;
  readonly init: (context: number, cipher: number, engine: number, key: number, iv: number, encrypt: number) => number;
  readonly update: (context: number, output: number, length: number, input: number, inputLength: number) => number;
  readonly final: (context: number, output: number, length: number) => number;
  readonly control: (context: number, type: number, argument: number, pointer: number) => number;
}

/** Binds libc. @throws Error when a symbol is missing */
export function bindCalls(): NativeCalls {
  const library = koffi.load(null);
  return {
    read: library.func("long read(int, uintptr_t, ulong)"),
    write: library.func("long write(int, uintptr_t, ulong)"),
    writev: library.func("long writev(int, uintptr_t, int)"),
    poll: library.func("int poll(uintptr_t, ulong, int)"),
    send: library.func("long sendto(int, uintptr_t, ulong, int, uintptr_t, uint)"),
    sendmsg: library.func("long sendmsg(int, uintptr_t, int)"),
    sendmmsg: library.func("int sendmmsg(int, uintptr_t, uint, int)"),
    recvmsg: library.func("long recvmsg(int, uintptr_t, int)"),
    recvmmsg: library.func("int recvmmsg(int, uintptr_t, uint, int, uintptr_t)"),
    socket: library.func("int socket(int, int, int)"),
    bind: library.func("int bind(int, uintptr_t, uint)"),
    getsockname: library.func("int getsockname(int, uintptr_t, uintptr_t)"),
    setsockopt: library.func("int setsockopt(int, int, int, uintptr_t, uint)"),
    ioctl: library.func("int ioctl(int, ulong, uintptr_t)"),
    clockGettime: library.func("int clock_gettime(int, uintptr_t)"),
    usleep: library.func("int usleep(uint)"),
    close: library.func("int close(int)"),
    errno: () => koffi.errno(),
  };
}

/** @throws Error when Node does not export them */
export function bindDirectCipher(): DirectCipherCalls {
  const library = koffi.load(null);
  return {
    chacha20: library.func("void ChaCha20_ctr32(uintptr_t, uintptr_t, ulong, uintptr_t, uintptr_t)"),
    polyInit: library.func("void Poly1305_Init(uintptr_t, uintptr_t)"),
    polyUpdate: library.func("void Poly1305_Update(uintptr_t, uintptr_t, ulong)"),
    polyFinal: library.func("void Poly1305_Final(uintptr_t, uintptr_t)"),
  };
}

/** @throws Error when Node does not export them */
export function bindEvp(): EvpCalls {
  const library = koffi.load(null);
  return {
    newContext: library.func("uintptr_t EVP_CIPHER_CTX_new()"),
    freeContext: library.func("void EVP_CIPHER_CTX_free(uintptr_t)"),
    cipher: library.func("uintptr_t EVP_chacha20_poly1305()"),
    init: library.func("int EVP_CipherInit_ex(uintptr_t, uintptr_t, uintptr_t, uintptr_t, uintptr_t, int)"),
    update: library.func("int EVP_CipherUpdate(uintptr_t, uintptr_t, uintptr_t, uintptr_t, int)"),
    final: library.func("int EVP_CipherFinal_ex(uintptr_t, uintptr_t, uintptr_t)"),
    control: library.func("int EVP_CIPHER_CTX_ctrl(uintptr_t, int, int, uintptr_t)"),
  };
}

/** madvise(2): address, length, advice. @throws Error when the symbol is missing */
export function bindAdvise(): (from: number, length: number, advice: number) => number {
  return koffi.load(null).func("int madvise(uintptr_t, ulong, int)");
}

/** Where the bytes of a buffer lie; good only while the buffer is kept alive and is not moved. */
export function addressOf(buffer: Uint8Array): number {
  return Number(koffi.address(buffer));
}

const protectReadWrite = 3;
const mapSharedFixed = 0x11;
const mapShared32Bit = 0x41;
const closeOnExec = 1;

/**
 * Lays the pages at `address` out a second time below 2 GiB, where every address is a small integer for the engine. Undefined,
 * and nothing changed, where that is not possible (it is a wish of x86-64 alone).
 */
export function mirrorBelow2GiB(address: number, length: number): number | undefined {
  if (process.arch !== "x64") return undefined;
  const library = koffi.load(null);
  const mmap = library.func("int64 mmap(uintptr_t, ulong, int, int, int, long)");
  const memfd: number = library.func("int memfd_create(const char *, uint)")("tunnelmesh", closeOnExec);
  if (memfd < 0) return undefined;
  try {
    if (library.func("int ftruncate(int, long)")(memfd, length) !== 0) return undefined;
    const low = Number(mmap(0, length, protectReadWrite, mapShared32Bit, memfd, 0));
    if (low <= 0 || low + length > 0x7fff_ffff) return undefined;
    return Number(mmap(address, length, protectReadWrite, mapSharedFixed, memfd, 0)) === address ? low : undefined;
  } finally {
    library.func("int close(int)")(memfd);
  }
}
