// What every command shares: global flags, its session, and the way it ends.
import { Command } from "@oclif/core/command";
import * as Flags from "@oclif/core/flags";
import type { TunnelMeshError } from "../../protocol/errors/error.ts";
import { callerFlags } from "./caller.ts";
import { reportError } from "./report.ts";
import { type GlobalFlags, openSession, type Session } from "./session.ts";

export const globalFlags = {
  stage: Flags.string({
    char: "s",
    summary: "Stage of the stack; else TM_STAGE, .tm/stage, the only mesh file, or main.",
    helpGroup: "GLOBAL",
    helpValue: "NAME",
  }),
  cwd: Flags.string({ summary: "Work as if started in this folder.", helpGroup: "GLOBAL", helpValue: "FOLDER" }),
  "no-input": Flags.boolean({ default: false, summary: "Never ask anything.", helpGroup: "GLOBAL" }),
  yes: Flags.boolean({
    default: false,
    char: "y",
    summary: "Take questions about changes as answered with yes; never accepts an unknown host key.",
    helpGroup: "GLOBAL",
  }),
  sandbox: Flags.boolean({
    default: false,
    env: "TM_SANDBOX",
    summary: "Take the sandbox cloud on this machine for DigitalOcean; it is started when needed.",
    helpGroup: "GLOBAL",
  }),
  verbose: Flags.boolean({ default: false, summary: "Show log lines and traces.", helpGroup: "GLOBAL" }),
  "no-color": Flags.boolean({ default: false, summary: "No colours; also NO_COLOR and CI.", helpGroup: "GLOBAL" }),
};

/** A command of tm. `run` gives the JSON document of --json and prints for people with `print`. */
export abstract class BaseCommand extends Command {
  static override enableJsonFlag = true;
  static override baseFlags = globalFlags;

  #session: Session | undefined;

  /** An argument that was left out is not what happens to come through a pipe: that is a token's, or nobody's. */
  override async init(): Promise<void> {
    await super.init();
    for (const argument of Object.values(this.ctor.args)) argument.ignoreStdin = true;
  }

  /** Opens what a command works with; once per command. */
  protected async open(flags: GlobalFlags): Promise<Session> {
    this.#session = await openSession(this.id ?? "tm", flags, callerFlags(this.argv, process.env));
    return this.#session;
  }

  /** Prints for people: nothing with --json. */
  protected print(text: string): void {
    if (!this.jsonEnabled()) process.stdout.write(`${text}\n`);
  }

  /** The result stands, but not all of it: says so on stderr and sets the exit code. With --json the document says it. */
  protected warnPartial(error: TunnelMeshError): void {
    process.exitCode = error.exitCode;
    const caller = callerFlags(this.argv, process.env);
    if (!this.jsonEnabled()) reportError(error, { ...caller, json: false, logFile: this.#session?.log.file });
  }

  override logJson(json: unknown): void {
    process.stdout.write(`${JSON.stringify(json, undefined, 2)}\n`);
  }

  override async catch(error: Error): Promise<void> {
    await this.#session?.progress.end();
    const signal = this.#session?.signal;
    // Whatever an interrupted command threw on its way out, it was interrupted.
    const shown = signal?.aborted ? signal.reason : error;
    this.#session?.log.write(`failed: ${error.stack ?? error.message}`);
    const caller = callerFlags(this.argv, process.env);
    reportError(shown, { ...caller, json: this.jsonEnabled(), logFile: this.#session?.log.file });
  }

  override async finally(_: Error | undefined): Promise<void> {
    await this.#session?.progress.end();
  }
}
