// What one run of a command works with: its folder, stack, log, progress, questions and the signal that stops it.
import path from "node:path";
import pLimit from "p-limit";
import { TunnelMeshError } from "../../protocol/errors/error.ts";
import type { EngineContext, LoadedStack } from "../engine/deploy/contract.ts";
import { chooseMode, createProgress } from "../output/create.ts";
import type { ShownProgress } from "../output/shown.ts";
import type { CallerFlags } from "./caller.ts";
import { interruption, warnInterrupted } from "./interrupt.ts";
import { type CommandLog, createLog } from "./log.ts";

export interface GlobalFlags {
  readonly stage?: string | undefined;
  readonly cwd?: string | undefined;
  readonly "no-input": boolean;
  readonly yes: boolean;
  readonly sandbox?: boolean;
}

/** Flags of commands that sign or connect. */
export interface EngineFlags {
  readonly "admin-key"?: string | undefined;
  readonly parallel?: number | undefined;
}

export interface Session {
  readonly cwd: string;
  readonly yes: boolean;
  /** Somebody can answer: a terminal, and neither --no-input nor --json. */
  readonly interactive: boolean;
  readonly signal: AbortSignal;
  readonly log: CommandLog;
  readonly progress: ShownProgress;
  /** Finds, loads and synthesises the stack, and opens the log in its project. @throws TunnelMeshError TM_STACK_… */
  load(stack: string | undefined, options?: { readonly log: boolean }): Promise<LoadedStack>;
  /** What the deploy engine is given. */
  engineContext(loaded: LoadedStack, flags?: EngineFlags): EngineContext;
  /** `command` with the flags that say which mesh it is about: without them it would be about another. */
  inPlace(command: string): string;
  /** @throws TunnelMeshError TM_NEEDS_CONFIRMATION with `command`, when it is not answered and nobody can */
  needAnswer(command: string): void;
  /** Asks for a yes; true with --yes. */
  confirm(question: string): Promise<boolean>;
  /** As `confirm`, but --yes does not answer it. */
  ask(question: string): Promise<boolean>;
  askText(question: string): Promise<string>;
  /** One line that is not shown. */
  askSecret(question: string): Promise<string>;
}

/** Opens the session of command `id`. */
export async function openSession(id: string, flags: GlobalFlags, caller: CallerFlags): Promise<Session> {
  const cwd = path.resolve(flags.cwd ?? ".");
  // Nothing that tm starts inherits it.
  const ciToken = process.env["TM_CI_TOKEN"];
  delete process.env["TM_CI_TOKEN"];
  const signal = interruption();
  const log = createLog(id);
  log.write(`tm ${id} in ${cwd}, Node ${process.version}`);
  const progress = await createProgress({ mode: chooseMode(caller), log: log.write, verbose: caller.verbose });
  const terminal = Boolean(process.stdin.isTTY && process.stderr.isTTY);
  const interactive = terminal && !flags["no-input"] && !caller.json;
  const prompt = () => import("../output/prompt.ts");
  // Hosts are reached at once and may all have a question; a terminal has one line to answer on.
  const oneAtATime = pLimit(1);
  const ask = <T>(question: () => Promise<T>): Promise<T> => oneAtATime(() => progress.suspend(question));
  const inPlace = (command: string): string => [command, ...givenPlace(flags)].join(" ");
  return {
    cwd,
    yes: flags.yes,
    interactive,
    signal,
    log,
    progress,
    async load(stack, options = { log: true }) {
      const { loadModel } = await import("../engine/synth/load.ts");
      const loaded = await loadModel({ stack, stage: flags.stage, cwd, signal });
      log.write(`stack ${loaded.stackFile}, stage ${loaded.stage}`);
      if (options.log) log.open(loaded.projectFolder);
      return loaded;
    },
    engineContext(loaded, { "admin-key": adminKey, parallel } = {}) {
      return {
        loaded,
        progress,
        signal,
        warnInterrupted,
        ...(adminKey === undefined ? {} : { adminKey: path.resolve(cwd, adminKey) }),
        ...(parallel === undefined ? {} : { parallel }),
        ...(flags.sandbox ? { sandbox: true } : {}),
        ...(ciToken === undefined || ciToken === "" ? {} : { ciToken }),
        ...(interactive && !flags.yes
          ? { confirmHostKey: (asked) => ask(async () => (await prompt()).askHostKey(asked, signal)) }
          : {}),
        ...(interactive ? { askSecret: (asked) => ask(async () => (await prompt()).askSecret(asked, signal)) } : {}),
      } satisfies EngineContext;
    },
    inPlace,
    needAnswer(command) {
      if (flags.yes || interactive) return;
      const again = inPlace(command);
      throw new TunnelMeshError("TM_NEEDS_CONFIRMATION", { advice: [`Run it again with --yes: ${again}`] });
    },
    async confirm(question) {
      if (flags.yes) return true;
      if (!interactive) return false;
      return ask(async () => (await prompt()).askYes(question, signal));
    },
    ask: (question) => ask(async () => (await prompt()).askYes(question, signal)),
    askSecret: (question) => progress.suspend(async () => (await prompt()).askSecret(question, signal)),
    askText: (question) => ask(async () => (await prompt()).askText(question, signal)),
  };
}

function givenPlace({ sandbox, stage }: Pick<GlobalFlags, "sandbox" | "stage">): readonly string[] {
  return [
    ...(stage === undefined || process.env["TM_STAGE"] === stage ? [] : ["--stage", stage]),
    ...(sandbox === true && !process.env["TM_SANDBOX"] ? ["--sandbox"] : []),
  ];
}
