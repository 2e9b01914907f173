// Writes the Terraform of a stack where a person or another tool can run it.
import { mkdir } from "node:fs/promises";
import path from "node:path";
import writeFileAtomic from "write-file-atomic";

/**
 * Writes FOLDER/cdk.tf.json, the same bytes for the same stack.
 * @returns the file; undefined when there is nothing for Terraform
 */
export async function writeTerraform(
  terraform: Readonly<Record<string, unknown>> | undefined,
  folder: string,
): Promise<string | undefined> {
  if (terraform === undefined) return undefined;
  await mkdir(folder, { recursive: true });
  const file = path.join(folder, "cdk.tf.json");
  await writeFileAtomic(file, `${JSON.stringify(terraform, undefined, 2)}\n`);
  return file;
}
