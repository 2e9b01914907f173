// What the thread that runs a stack is given and what it answers.
import type { MeshModel } from "../../../constructs/model.ts";
import type { ErrorCode } from "../../../protocol/errors/catalogue.ts";

export interface SynthRequest {
  readonly stackFile: string;
  readonly projectFolder: string;
  readonly stage: string;
}

export type SynthAnswer =
  | {
      readonly ok: true;
      readonly model: MeshModel;
      /** Terraform JSON; absent when there is nothing for Terraform to do. */
      readonly terraform: Readonly<Record<string, unknown>> | undefined;
    }
  | {
      readonly ok: false;
      readonly code: ErrorCode;
      readonly detail: string | undefined;
      readonly advice: readonly string[] | undefined;
      /** Trace of the first cause, for --verbose. */
      readonly trace: string | undefined;
    };
