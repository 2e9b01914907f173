// The stack: a name and a function that builds a mesh for a stage.
import type { Later } from "./later.ts";
import type { Mesh } from "./mesh.ts";
import { attachRecord } from "./record.ts";
import type { State } from "./state.ts";

export interface StackResult {
  mesh: Mesh;
  /** Where Terraform keeps its state. @default state.local() */
  state?: State;
  /** `tm destroy` asks for the stage's name, and never happens without a terminal. @default false */
  protect?: boolean;
  /** Shown after deploy. */
  outputs?: Record<string, string | Later<string>>;
}

/** What a stack file exports as default. */
export interface Stack {
  readonly name: string;
}

/** Builds the mesh for a stage: "main", "prod", … */
export type StackBuild = (context: { readonly stage: string }) => StackResult | Promise<StackResult>;

/** Defines a stack. `build` runs at every synthesis and should depend on nothing but the stage. */
export function defineStack(name: string, build: StackBuild): Stack {
  return attachRecord({ name }, "stack", { name, build } satisfies StackRecord);
}

export interface StackRecord {
  readonly name: string;
  readonly build: StackBuild;
}
