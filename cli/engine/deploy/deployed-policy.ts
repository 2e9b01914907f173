// Which policy the last deploy left: with the records at the coordinator, and in mesh/STAGE.policy.json for clones and for CI,
// whose plans reach no host. Signed by nobody: it says what to compare with, and lets nothing through.
import { createHash } from "node:crypto";
import { rm } from "node:fs/promises";
import path from "node:path";
import canonicalize from "canonicalize";
import { z } from "zod";
import type { PolicyModel } from "../../../constructs/model.ts";
import { parseCidr } from "../../../protocol/addresses/parse.ts";
import type { DeployedRules } from "../review/access-changes.ts";
import { readIfThere, replaceDurably } from "../trust/durable-file.ts";
import type { LoadedStack } from "./contract.ts";

type Rules = PolicyModel["allow"];

const nameField = z.string().min(1).max(255);
const selector = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("node"), name: nameField }),
  z.object({ kind: z.literal("group"), name: nameField }),
  z.object({ kind: z.literal("cidr"), cidr: z.string().max(64).refine(isRange) }),
]);
const port = z.int().min(1).max(65_535);
const rules = z
  .array(
    z.object({
      from: selector,
      to: selector,
      services: z
        .array(
          z.object({
            protocol: z.enum(["tcp", "udp", "icmp"]),
            ports: z
              .array(z.object({ from: port, to: port }))
              .max(1000)
              .readonly(),
          }),
        )
        .max(1000)
        .readonly(),
    }),
  )
  .max(100_000)
  .readonly();

export const keptPolicySchema = z.object({
  /** Unix milliseconds: when this policy was first deployed. */
  at: z.int().nonnegative(),
  /** Of the rules as canonical JSON (RFC 8785): 64 hexadecimal digits. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** Absent where they are too long for a deploy record. */
  allow: rules.optional(),
});
export type KeptPolicy = z.infer<typeof keptPolicySchema>;

const fileSchema = keptPolicySchema.extend({ v: z.literal(1), meshId: z.string().max(64) });

/** Characters. */
const fileLimit = 64 * 1024 * 1024;
/** Characters of the rules in a deploy record, which the coordinator takes up to 64 KiB with all hosts in it. */
const recordShare = 16 * 1024;

/** What to keep of the rules that are deployed now; `at` stays while they do. */
export function keepPolicy(allow: Rules, now: number, before: KeptPolicy | undefined): KeptPolicy {
  const sha256 = hashRules(allow);
  return { at: before?.sha256 === sha256 ? before.at : now, sha256, allow };
}

/** As it stands in a deploy record. */
export function recordedPolicy(policy: KeptPolicy): KeptPolicy {
  const { at, sha256, allow } = policy;
  return JSON.stringify(allow ?? []).length <= recordShare ? policy : { at, sha256 };
}

/** The newest of what is known; where it lacks the rules, those of another with the same hash. */
export function deployedRules(known: readonly (KeptPolicy | undefined)[]): DeployedRules | undefined {
  const [newest, ...others] = known.filter((one) => one !== undefined).toSorted((left, right) => right.at - left.at);
  if (newest === undefined) return undefined;
  const whole = [newest, ...others].find(({ sha256, allow }) => sha256 === newest.sha256 && allow !== undefined);
  // What somebody else wrote is believed only where it is what it says.
  if (whole?.allow === undefined || hashRules(whole.allow) !== newest.sha256) return undefined;
  return { allow: whole.allow, at: newest.at };
}

/** mesh/STAGE.policy.json; undefined where it is missing, of another mesh, or nothing that can be read. */
export async function readPolicyFile(loaded: LoadedStack, meshId: string): Promise<KeptPolicy | undefined> {
  const text = await readIfThere(policyFile(loaded));
  if (text === undefined || text.length > fileLimit) return undefined;
  try {
    const { success, data } = fileSchema.safeParse(JSON.parse(text));
    if (!success || data.meshId !== meshId) return undefined;
    const { at, sha256, allow } = data;
    return { at, sha256, ...(allow === undefined ? {} : { allow }) };
  } catch (error) {
    // Two branches that git could not put together; the next deploy writes it anew.
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Written when the rules are others: it is committed, and says nothing new otherwise. */
export async function writePolicyFile(loaded: LoadedStack, meshId: string, policy: KeptPolicy): Promise<void> {
  if ((await readPolicyFile(loaded, meshId))?.sha256 === policy.sha256) return;
  await replaceDurably(policyFile(loaded), `${JSON.stringify({ v: 1, meshId, ...policy }, undefined, 2)}\n`, 0o644);
}

/** Removes it with its mesh. */
export async function removePolicyFile(loaded: LoadedStack): Promise<void> {
  await rm(policyFile(loaded), { force: true });
}

function policyFile({ projectFolder, stage }: LoadedStack): string {
  return path.join(projectFolder, "mesh", `${stage}.policy.json`);
}

function hashRules(allow: Rules): string {
  return createHash("sha256")
    .update(canonicalize(allow) ?? "")
    .digest("hex");
}

function isRange(text: string): boolean {
  try {
    parseCidr(text);
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}
