// System calls on buffers through koffi, which only this file and native-calls.ts know.
import koffi from "koffi";

/** Calls of libc that the packet side needs. A negative result means `errno()` says why. */
export interface Native {
  open(path: string, flags: number): number;
  close(fd: number): number;
  ioctl(fd: number, request: number, argument: Uint8Array): number;
  read(fd: number, into: Uint8Array, length: number): number;
  write(fd: number, from: Uint8Array, length: number): number;
  eventfd(initial: number, flags: number): number;
  /** Waits in a thread of the pool; `descriptors` is an array of struct pollfd that must live until it returns. */
  poll(descriptors: Uint8Array, count: number, timeout: number): Promise<number>;
  /** CLOCK_BOOTTIME in milliseconds: it runs on while the machine is suspended. */
  bootTime(): number;
  errno(): number;
}

const clockBootTime = 7;

/** Binds libc. @throws Error when the library or a symbol is missing */
export function bindNative(): Native {
  const library = koffi.load(null);
  const open = library.func("int open(const char *path, int flags)");
  const close = library.func("int close(int fd)");
  const ioctl = library.func("int ioctl(int fd, ulong request, _Inout_ void *argument)");
  const read = library.func("long read(int fd, _Out_ void *into, ulong length)");
  const write = library.func("long write(int fd, const void *from, ulong length)");
  const eventfd = library.func("int eventfd(uint initial, int flags)");
  const poll = library.func("int poll(_Inout_ void *descriptors, ulong count, int timeout)");
  const clockGettime = library.func("int clock_gettime(int clock, _Out_ void *time)");
  const time = Buffer.alloc(16);
  return {
    open: (path, flags) => open(path, flags),
    close: (fd) => close(fd),
    ioctl: (fd, request, argument) => ioctl(fd, request, argument),
    read: (fd, into, length) => read(fd, into, length),
    write: (fd, from, length) => write(fd, from, length),
    eventfd: (initial, flags) => eventfd(initial, flags),
    poll: (descriptors, count, timeout) =>
      new Promise((resolve, reject) => {
        poll.async(descriptors, count, timeout, (error: unknown, result: number) => {
          if (error) reject(error);
          else resolve(result);
        });
      }),
    bootTime: () => {
      if (clockGettime(clockBootTime, time) !== 0) throw new Error("clock_gettime failed");
      return Number(time.readBigInt64LE(0)) * 1000 + Number(time.readBigInt64LE(8)) / 1e6;
    },
    errno: () => koffi.errno(),
  };
}
