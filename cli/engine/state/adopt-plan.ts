// Terraform's part in adopting: a plan that shows what would become of what is there, and the state with it in.
import { rm } from "node:fs/promises";
import path from "node:path";
import writeFileAtomic from "write-file-atomic";
import { z } from "zod";
import { TunnelMeshError } from "../../../protocol/errors/error.ts";
import { apply, carryOut, type PlannedFile, plan, readJson, type TerraformRun } from "../terraform/run.ts";
import type { Adoptable } from "./adoptable.ts";
import { changedAttributes } from "./changed-attributes.ts";
import type { Adoption } from "./contract.ts";

const shownSchema = z.object({
  resource_changes: z
    .array(
      z.object({
        address: z.string(),
        change: z.object({
          actions: z.array(z.string()),
          before: z.unknown(),
          after: z.unknown(),
          after_unknown: z.unknown(),
          before_sensitive: z.unknown(),
          after_sensitive: z.unknown(),
          replace_paths: z.array(z.array(z.union([z.string(), z.number()]))).optional(),
        }),
      }),
    )
    .default([]),
});

type Shown = z.infer<typeof shownSchema>["resource_changes"][number];

/** What would become of the resources, which nothing is written for. @throws TunnelMeshError TM_IMPORT_REPLACES */
export async function compareAdopted(run: TerraformRun, resources: readonly Adoptable[]): Promise<Adoption["changes"]> {
  const ours = await planning(run, { import: importBlocks(resources) }, [], async (all) =>
    all.filter(({ address }) => resources.some((one) => one.address === address)),
  );
  const replaced = ours.filter(({ change }) => change.actions.includes("delete"));
  if (replaced.length > 0) {
    throw new TunnelMeshError("TM_IMPORT_REPLACES", { detail: replaced.map(describeReplacement).join("; ") });
  }
  return ours.flatMap(({ address, change }) => {
    if (!change.actions.includes("update")) return [];
    const secret = [change.before_sensitive, change.after_sensitive] as const;
    const attributes = changedAttributes(change.before, change.after, secret).filter(
      // What only apply will know stands as nothing in the plan.
      ({ name, after }) => after !== null || !isUnknown(change.after_unknown, name.split(".")),
    );
    return attributes.length === 0 ? [] : [{ address, attributes }];
  });
}

/**
 * Writes the resources into the state as they are: in one step where that touches nothing else, else one by one.
 * @throws TunnelMeshError TM_TERRAFORM_…
 */
export async function writeAdopted(run: TerraformRun, resources: readonly Adoptable[]): Promise<void> {
  const written = await planning(
    run,
    { import: importBlocks(resources), resource: unchanging(resources) },
    resources.map(({ address }) => `-target=${address}`),
    async (all, { file }) => {
      if (all.some(({ change }) => change.actions.join() !== "no-op" && change.actions.join() !== "read")) return false;
      await apply(run, file, {}, () => undefined);
      return true;
    },
  );
  if (written) return;
  for (const { address, id } of resources) {
    await carryOut(run, ["import", "-input=false", "-no-color", address, id]);
  }
}

function importBlocks(resources: readonly Adoptable[]) {
  return resources.map(({ address, id }) => ({ to: address, id }));
}

/** Says of each resource that no difference counts. */
function unchanging(resources: readonly Adoptable[]): Readonly<Record<string, Readonly<Record<string, unknown>>>> {
  const types = Map.groupBy(resources, ({ address }) => address.split(".")[0] ?? "");
  const lifecycle = { lifecycle: { ignore_changes: "all" } };
  return Object.fromEntries(
    [...types].map(([type, ofType]) => {
      const names = ofType.map(({ address }) => address.slice(type.length + 1).replace(/\[.*/, ""));
      return [type, Object.fromEntries(names.map((name) => [name, lifecycle]))];
    }),
  );
}

/** Plans with more in the configuration, and takes that and the plan away again. */
async function planning<T>(
  run: TerraformRun,
  more: Readonly<Record<string, unknown>>,
  targets: readonly string[],
  work: (changes: readonly Shown[], planned: PlannedFile) => Promise<T>,
): Promise<T> {
  const { folder } = run.workspace;
  // Terraform merges a file of this name into what it overrides; import blocks go into a file of their own.
  const { import: blocks, ...overrides } = more;
  const files = { "adopt.tf.json": { import: blocks }, "adopt_override.tf.json": overrides };
  let planned: PlannedFile | undefined;
  try {
    for (const [name, content] of Object.entries(files)) {
      await writeFileAtomic(path.join(folder, name), JSON.stringify(content), { mode: 0o600 });
    }
    planned = await plan(run, { variables: {}, arguments: targets }, () => undefined);
    const shown = shownSchema.parse(await readJson(run, ["show", "-json", planned.file]));
    return await work(shown.resource_changes, planned);
  } finally {
    // A saved plan holds values in clear.
    for (const name of [...Object.keys(files), ...(planned === undefined ? [] : [planned.file])]) {
      await rm(path.join(folder, name), { force: true });
    }
  }
}

function describeReplacement({ address, change }: Shown): string {
  const paths = (change.replace_paths ?? []).map((one) => one.join("."));
  const differing = changedAttributes(change.before, change.after, [change.before_sensitive, change.after_sensitive]);
  const list = paths.map((name) => {
    const one = differing.find((candidate) => candidate.name === name);
    if (one === undefined) return name;
    const stack = one.after === null ? "not known yet" : JSON.stringify(one.after);
    return `${name} (is ${JSON.stringify(one.before)}, stack: ${stack})`;
  });
  return `${address}: ${list.join(", ")}`;
}

function isUnknown(map: unknown, names: readonly string[]): boolean {
  if (map === true) return true;
  const [first, ...rest] = names;
  if (first === undefined || typeof map !== "object" || map === null) return false;
  return isUnknown((map as Readonly<Record<string, unknown>>)[first], rest);
}
