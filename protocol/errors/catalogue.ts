// The one catalogue of error codes, put together from one file per area; docs/errors.md is held equal to it.
import { agentErrors } from "./agent.ts";
import { ciErrors } from "./ci.ts";
import { clientErrors } from "./client.ts";
import { cloudErrors } from "./cloud.ts";
import { commandErrors } from "./command.ts";
import { coordinationErrors } from "./coordination.ts";
import { deployErrors } from "./deploy.ts";
import type { ErrorEntry } from "./entry.ts";
import { initErrors } from "./init.ts";
import { installErrors } from "./install.ts";
import { joinErrors } from "./join.ts";
import { localErrors } from "./local.ts";
import { membershipErrors } from "./membership.ts";
import { releaseErrors } from "./release.ts";
import { reviewErrors } from "./review.ts";
import { sandboxErrors } from "./sandbox.ts";
import { sshErrors } from "./ssh.ts";
import { stackErrors } from "./stack.ts";
import { stateErrors } from "./state.ts";
import { terraformErrors } from "./terraform.ts";
import { trustErrors } from "./trust.ts";
import { upgradeErrors } from "./upgrade.ts";

const areas = {
  ...commandErrors,
  ...initErrors,
  ...stackErrors,
  ...localErrors,
  ...sandboxErrors,
  ...sshErrors,
  ...installErrors,
  ...deployErrors,
  ...membershipErrors,
  ...clientErrors,
  ...upgradeErrors,
  ...ciErrors,
  ...releaseErrors,
  ...terraformErrors,
  ...reviewErrors,
  ...stateErrors,
  ...cloudErrors,
  ...trustErrors,
  ...coordinationErrors,
  ...joinErrors,
  ...agentErrors,
};

/** A stable code of the catalogue, `TM_…`. */
export type ErrorCode = keyof typeof areas;

/** Every code with its headline, cause, advice and exit code. */
export const errorCatalogue: Readonly<Record<ErrorCode, ErrorEntry>> = areas;
