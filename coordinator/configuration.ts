// What the coordinator reads at start: coordinator.json, and the mesh file that was installed with it.
import { readFile } from "node:fs/promises";
import { TunnelMeshError } from "../protocol/errors/error.ts";
import { type CoordinatorConfiguration, coordinatorConfigurationSchema } from "../protocol/host/configuration.ts";
import type { SignedItem } from "../protocol/trust/item.ts";
import { parseMeshFile } from "../protocol/trust/mesh-file.ts";

/** Reads coordinator.json. @throws TunnelMeshError TM_COORDINATION_CONFIGURATION */
export async function readConfiguration(file: string): Promise<CoordinatorConfiguration> {
  try {
    return coordinatorConfigurationSchema.parse(JSON.parse(await readFile(file, "utf8")));
  } catch (cause) {
    throw new TunnelMeshError("TM_COORDINATION_CONFIGURATION", { detail: file, cause });
  }
}

/** Items of the installed mesh file; none where there is no file. @throws TunnelMeshError TM_COORDINATION_CONFIGURATION */
export async function readInstalledItems(file: string): Promise<readonly SignedItem[]> {
  const text = await readFile(file, "utf8").catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === "ENOENT") return undefined;
    throw new TunnelMeshError("TM_COORDINATION_CONFIGURATION", { detail: file, cause });
  });
  if (text === undefined) return [];
  const parsed = parseMeshFile(text);
  if (parsed.ok) return parsed.items;
  throw new TunnelMeshError("TM_COORDINATION_CONFIGURATION", {
    detail: `${file}, line ${parsed.line}: ${parsed.reason}`,
  });
}
