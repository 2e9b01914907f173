// What joining installs on this machine: the same plan as for a host over SSH, in two halves with the join between them.
import { z } from "zod";
import { TunnelMeshError } from "../../../protocol/errors/error.ts";
import type { AgentConfiguration } from "../../../protocol/host/configuration.ts";
import { hostPaths } from "../../../protocol/host/paths.ts";
import type { SignedItem } from "../../../protocol/trust/item.ts";
import { bootstrapFile } from "../deploy/specification.ts";
import type { HostFacts } from "../install/facts.ts";
import { type InstallPlan, type InstallRelease, type InstallSpec, planInstall, type Step } from "../install/plan.ts";
import type { HostConnection } from "../ssh/connection.ts";
import { quote } from "../ssh/quote.ts";

/** Steps that need nothing of what joining brings. */
const before: readonly Step["kind"][] = ["prepare", "upload", "switch", "reload"];

export interface Joining {
  readonly range: string;
  readonly release: InstallRelease;
  readonly agent: AgentConfiguration;
}

/** The first half: release, configuration and unit, and nothing that runs yet. @throws TunnelMeshError TM_INSTALL_… when the machine is unfit */
export function planBeforeJoin(facts: HostFacts, joining: Joining): InstallPlan {
  const plan = planInstall(facts, specification(joining, ""));
  const steps = plan.steps.filter(
    (step) => before.includes(step.kind) || (step.kind === "file" && step.id !== "meshFile"),
  );
  return { ...plan, steps, changes: steps.length > 0 };
}

/** The rest: what the agent starts from, and the agent itself. */
export function planAfterJoin(facts: HostFacts, joining: Joining, meshFile: string): InstallPlan {
  return planInstall(facts, specification(joining, meshFile));
}

/** The text of mesh.jsonl, as a deploy would write it, from the map that the agent has brought along. @throws TunnelMeshError TM_INSTALL_REPLY */
export async function readBootstrap(connection: HostConnection, mesh: string, signal: AbortSignal): Promise<string> {
  const map = `${hostPaths(mesh).agentState}/map.jsonl`;
  const items = parseMap(await connection.check(`cat ${quote(map)}`, { root: true, signal }));
  if (items.length === 0) throw new TunnelMeshError("TM_INSTALL_REPLY", { detail: map });
  return bootstrapFile(items);
}

/** A line of a map: the item, beside which the agent may have noted something. */
const lineSchema = z.object({ body: z.string(), sigs: z.array(z.string()) });

/** Items of a map, one a line; lines that do not read are left out. */
export function parseMap(text: string): readonly SignedItem[] {
  return text.split("\n").flatMap((line) => {
    const parsed = lineSchema.safeParse(parseJson(line));
    return parsed.success ? [parsed.data] : [];
  });
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function specification({ range, release, agent }: Joining, meshFile: string): InstallSpec {
  return { mesh: agent.mesh, meshId: agent.meshId, range, release, agent, meshFile };
}
