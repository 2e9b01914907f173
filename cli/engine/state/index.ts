// What is done with Terraform's state beside a deploy: what the commands call.
export { adoptDroplet } from "./adopt.ts";
export { pullState, pushState } from "./carry.ts";
export { findDrift, refreshState } from "./drift.ts";
export { stackOutputs } from "./outputs.ts";
export { unlockState } from "./unlock.ts";
