// A CI run's way in to the droplets of a stack: nothing where they admit it anyway, else a firewall for as long as the run lasts.
import type { EngineContext } from "../deploy/contract.ts";
import { admitEverybody, admits, sshRanges } from "./admitted.ts";
import { type CloudFirewall, createFirewallApi, type FirewallApi, firewallApiOptions } from "./firewall-api.ts";
import { type AddressWitness, findRunnerAddresses } from "./runner-address.ts";
import {
  type CiRun,
  ciRun,
  closeRunnerFirewall,
  meshTag,
  openRunnerFirewall,
  sweepRunnerFirewalls,
} from "./runner-firewall.ts";

export interface RunnerAccess {
  /** Opens the firewall unless it is open, not needed, or there is no droplet to open yet. Before every attempt to reach hosts. */
  open(): Promise<void>;
  /** Takes it back, whatever happened. @throws TunnelMeshError TM_CI_FIREWALL_LEFT */
  close(): Promise<void>;
}

export interface RunnerAccessOptions {
  /** This process' own when left out. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly witnesses?: readonly AddressWitness[];
}

const noAccess: RunnerAccess = { open: async () => undefined, close: async () => undefined };

/** Nothing happens before the first `open`. */
export function runnerAccess(
  context: Pick<EngineContext, "loaded" | "progress" | "signal" | "sandbox">,
  options: RunnerAccessOptions = {},
): RunnerAccess {
  const { model } = context.loaded;
  const droplets = sshRanges(model);
  if (droplets.length === 0 || admitEverybody(droplets)) return noAccess;
  const environment = options.environment ?? process.env;
  const run = ciRun(environment);
  const log = (line: string) => context.progress.log(line);
  let opened: { readonly api: FirewallApi; readonly firewall: CloudFirewall } | undefined;
  let settled = false;
  return {
    async open() {
      if (settled) return;
      const api = await openApi(context.sandbox === true, environment);
      // The service attaches nothing by a tag that is not there: before the first droplet there is nothing to open.
      if (!(await api.hasTag(meshTag(model.name)))) return;
      await sweepRunnerFirewalls({ api, mesh: model.name, run, log }, Date.now());
      const addresses = await findRunnerAddresses({
        given: environment["TM_RUNNER_ADDRESS"],
        targets: await api.dropletAddresses(meshTag(model.name)),
        onThisMachine: api.onThisMachine,
        signal: context.signal,
        ...(options.witnesses === undefined ? {} : { witnesses: options.witnesses }),
      });
      settled = true;
      if (admits(droplets, addresses)) return;
      const { signal } = context;
      opened = { api, firewall: await openRunnerFirewall({ api, mesh: model.name, run, addresses, log, signal }) };
    },
    async close() {
      if (opened === undefined) return;
      const { api, firewall } = opened;
      opened = undefined;
      await closeRunnerFirewall(api, firewall, log);
    },
  };
}

/** Removes what killed runs left of this stack's; gives their names. @throws TunnelMeshError TM_CI_FIREWALL, TM_TERRAFORM_TOKEN */
export async function sweepStack(
  context: Pick<EngineContext, "loaded" | "progress" | "sandbox">,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Promise<readonly string[]> {
  const api = await openApi(context.sandbox === true, environment);
  const run: CiRun = ciRun(environment);
  const log = (line: string) => context.progress.log(line);
  return sweepRunnerFirewalls({ api, mesh: context.loaded.model.name, run, log }, Date.now());
}

async function openApi(
  sandbox: boolean,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<FirewallApi> {
  if (!sandbox) return createFirewallApi(firewallApiOptions(environment));
  const { sandboxEnvironment, startSandbox } = await import("../sandbox/sandbox.ts");
  return createFirewallApi(firewallApiOptions({ ...environment, ...sandboxEnvironment(await startSandbox()) }));
}
