// Loads the engines behind commands when a command runs, never at start.
import type { ClientEngine } from "../engine/client/index.ts";
import type { AroundEngine } from "../engine/deploy/around-contract.ts";
import type { DeployEngine } from "../engine/deploy/contract.ts";
import type { RekeyEngine } from "../engine/deploy/rekey-contract.ts";
import type { SignEngine } from "../engine/deploy/sign-contract.ts";
import type { TokenEngine } from "../engine/deploy/token-contract.ts";
import type { LocalHosts } from "../engine/local/host.ts";
import type { StateEngine } from "../engine/state/contract.ts";

/** What deploys, changes and asks meshes. */
export async function loadDeployEngine(): Promise<
  DeployEngine & AroundEngine & RekeyEngine & SignEngine & TokenEngine
> {
  return import("../engine/deploy/index.ts");
}

/** What makes, lists and removes stock WireGuard clients. */
export async function loadClientEngine(): Promise<ClientEngine> {
  return import("../engine/client/index.ts");
}

/** What makes and removes local hosts. */
export async function loadLocalHosts(log: (text: string) => void): Promise<LocalHosts> {
  const { createLocalHosts } = await import("../engine/local/hosts.ts");
  return createLocalHosts({ log });
}

/** What a machine does for itself: joins by a token, leaves. */
export async function loadJoinEngine(): Promise<typeof import("../engine/join/index.ts")> {
  return import("../engine/join/index.ts");
}

/** What works with Terraform's state beside a deploy. */
export async function loadStateEngine(): Promise<StateEngine> {
  return import("../engine/state/index.ts");
}
