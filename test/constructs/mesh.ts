// Builds and synthesises stacks in memory for the tests of constructs.
import {
  defineStack,
  type Mesh,
  Mesh as MeshConstruct,
  type MeshProps,
  type Stack,
  type StackResult,
} from "../../constructs/index.ts";
import type { MeshModel } from "../../constructs/model.ts";
import { type SynthesizeOptions, synthesize } from "../../constructs/synth/synthesize.ts";
import { isTunnelMeshError, type TunnelMeshError } from "../../protocol/errors/error.ts";

export const alice = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBEoaZFvgKyZg75GHxXua5ltzphNtNzfgm/uNjt39e99 alice";
export const bob = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f bob";

export interface SynthOptions {
  readonly stage?: string;
  /** Content of files by absolute path. */
  readonly files?: Readonly<Record<string, string>>;
}

export function synth(stack: Stack, options: SynthOptions = {}): Promise<MeshModel> {
  return synthesize(stack, synthesizeOptions(options));
}

export function synthesizeOptions({ stage = "main", files = {} }: SynthOptions = {}): SynthesizeOptions {
  return {
    stage,
    stackFile: "/project/stacks/stack.ts",
    repository: "/project",
    readFile: async (file) => {
      const content = files[file];
      if (content === undefined) throw new Error("there is no such file");
      return content;
    },
  };
}

/** A stack "office" of one mesh. */
export function office(build: (mesh: Mesh) => Partial<StackResult> | undefined, props: Partial<MeshProps> = {}): Stack {
  return defineStack("office", () => {
    const mesh = new MeshConstruct({ admins: [alice], ...props });
    return { mesh, ...build(mesh) };
  });
}

/** The error that synthesis ends with. */
export async function refusal(stack: Stack, options?: SynthOptions): Promise<TunnelMeshError> {
  try {
    await synth(stack, options);
  } catch (error) {
    if (isTunnelMeshError(error)) return error;
    throw error;
  }
  throw new Error("the stack was accepted");
}
