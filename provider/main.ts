// The stand-in provider's process: Terraform starts it, reads one line from it, and talks to its socket.
import { servePlugin } from "./server.ts";
import { providerMethods } from "./service.ts";

/** How HashiCorp's plugin frame tells itself from a person at a terminal. */
const cookie = "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2";
const shutdownTimeout = 2_000;

if (process.env["TF_PLUGIN_MAGIC_COOKIE"] !== cookie) {
  process.stderr.write("This is a plugin of Terraform and is started by it: see docs/digitalocean.md.\n");
  process.exit(1);
}
const stopped = new AbortController();
// Terraform gets the interrupt too, and tells its plugins what to do.
process.on("SIGINT", () => undefined);
const plugin = await servePlugin(providerMethods(process.env, stopped));
process.stdout.write(`1|5|unix|${plugin.socket}|grpc|\n`);
await plugin.ended;
setTimeout(() => process.exit(0), shutdownTimeout).unref();
process.exit(0);
