// A TCP stream in one direction, run on hosts where there is no iperf3: `receive PORT`, or `send ADDRESS PORT SECONDS`, which prints bit/s.
import { connect, createServer } from "node:net";

const [mode, ...rest] = process.argv.slice(2);
if (mode === "receive") receive(Number(rest[0]));
else send(rest[0] ?? "", Number(rest[1]), Number(rest[2]));

/** Answers the end of each stream with the bit/s at which it came in, first byte to last. */
function receive(port: number): void {
  createServer({ allowHalfOpen: true }, (socket) => {
    let bytes = 0;
    let first = 0;
    let last = 0;
    socket.on("data", (chunk) => {
      last = performance.now();
      if (bytes === 0) first = last;
      bytes += chunk.length;
    });
    socket.on("end", () => socket.end(`${Math.round((bytes * 8000) / Math.max(1, last - first))}\n`));
    socket.on("error", (error) => process.stderr.write(`${error.message}\n`));
  }).listen(port, "::");
}

function send(address: string, port: number, seconds: number): void {
  const chunk = Buffer.alloc(256 * 1024, 0x5a);
  const socket = connect({ host: address, port, allowHalfOpen: true }, () => {
    const end = performance.now() + seconds * 1000;
    const fill = (): void => {
      while (performance.now() < end) {
        if (!socket.write(chunk)) {
          socket.once("drain", fill);
          return;
        }
      }
      socket.end();
    };
    fill();
  });
  socket.on("data", (answer) => process.stdout.write(answer));
  socket.on("error", (error) => {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  });
}
