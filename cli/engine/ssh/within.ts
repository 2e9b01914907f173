// Waits for something that a host may never send.

/**
 * The value of `work`, or a rejection with what `late` makes after `milliseconds`, or with the signal's reason when aborted. What comes
 * after that is handed to `discard`.
 */
export function within<T>(
  work: Promise<T>,
  milliseconds: number,
  late: () => Error,
  discard: (value: T) => void,
  signal?: AbortSignal,
): Promise<T> {
  return new Promise((resolve, reject) => {
    let over = false;
    const end = () => {
      over = true;
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
    };
    const abort = () => {
      end();
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      end();
      reject(late());
    }, milliseconds);
    signal?.addEventListener("abort", abort, { once: true });
    if (signal?.aborted === true) abort();
    work.then(
      (value) => {
        if (over) return discard(value);
        end();
        resolve(value);
      },
      (error: unknown) => {
        if (over) return;
        end();
        reject(error);
      },
    );
  });
}
