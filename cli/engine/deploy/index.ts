// The deploy engine: what the commands call.
export { addNode } from "./add-node.ts";
export { deployStack } from "./deploy.ts";
export { destroyStack } from "./destroy.ts";
export { leaveMesh } from "./leave.ts";
export { planStack } from "./plan.ts";
export { removeNode } from "./remove-node.ts";
export { deployHistory, meshStatus, pingMember, unlockStack } from "./status.ts";
