// What a resource and a data source are to the plugin: how a change of theirs is planned, made and read.
import type { Api } from "./api.ts";
import type { Attributes } from "./value.ts";

/** A managed resource. State holds the attributes of its schema; what is left out of it stands for null. */
export interface Resource {
  /** Attributes whose change replaces it. */
  readonly forceNew: readonly string[];
  /** What stands for an attribute that the configuration leaves out. */
  readonly defaults?: Attributes;
  /** Refines a plan: what the configuration says → what the state will say, and further attributes that force a replacement. */
  refine?(
    prior: Attributes | null,
    planned: Attributes,
  ): { readonly planned: Attributes; readonly forceNew?: readonly string[] };
  /** Makes it and gives its state. A failure after it exists carries the state: see `Unfinished`. */
  create(api: Api, planned: Attributes, config: Attributes): Promise<Attributes>;
  /** Its state now; null when it is gone. */
  read(api: Api, state: Attributes): Promise<Attributes | null>;
  /** Absent where every change replaces it. */
  update?(api: Api, prior: Attributes, planned: Attributes): Promise<Attributes>;
  delete(api: Api, state: Attributes): Promise<void>;
  /** What can be read from the id of an import. */
  imported(id: string): Attributes;
}

export interface DataSource {
  read(api: Api, config: Attributes): Promise<Attributes>;
}

/** Something was made, and then a step after it failed: Terraform keeps it as tainted. */
export class Unfinished extends Error {
  override readonly name = "Unfinished";
  readonly state: Attributes;

  constructor(state: Attributes, cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.state = state;
  }
}

/** Strings of a set; empty where there is none. */
export function stringsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((one): one is string => typeof one === "string") : [];
}

export function textOf(value: unknown): string {
  return typeof value === "string" ? value : typeof value === "number" ? String(value) : "";
}
