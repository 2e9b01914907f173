// tm sandbox up: starts the sandbox cloud.
import { BaseCommand } from "../../frame/base.ts";

export default class SandboxUp extends BaseCommand {
  static override summary = "Start a cloud on this machine, to try DigitalOcean stacks on.";
  static override description =
    "It answers DigitalOcean's API on this machine alone. Its droplets are local hosts, its firewalls are real. Needs root and systemd-nspawn.";
  static override examples = ["<%= config.bin %> sandbox up"];

  async run(): Promise<unknown> {
    const { flags } = await this.parse(SandboxUp);
    const session = await this.open(flags);
    const { pageOf, sandboxEnvironment, startSandbox } = await import("../../engine/sandbox/sandbox.ts");
    session.progress.phase("Starting the sandbox cloud");
    const server = await startSandbox(undefined, session.signal, (line) =>
      session.progress.row("sandbox").update(line),
    );
    await session.progress.end();
    this.print(`The sandbox cloud answers at ${server.url}`);
    this.print(`In a browser: ${pageOf(server)}`);
    this.print("For other programs:");
    for (const [name, value] of Object.entries(sandboxEnvironment(server))) this.print(`  export ${name}=${value}`);
    return { url: server.url, page: pageOf(server), environment: sandboxEnvironment(server) };
  }
}
