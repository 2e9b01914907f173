// The deploy engine: what the commands call.
export { addNode } from "./add-node.ts";
export { deployStack } from "./deploy.ts";
export { destroyStack } from "./destroy.ts";
export { doctorNode } from "./doctor-node.ts";
export { execCommand } from "./exec.ts";
export { meshInventory } from "./inventory.ts";
export { leaveMesh } from "./leave.ts";
export { memberLogs } from "./logs.ts";
export { openShell } from "./open-shell.ts";
export { planStack } from "./plan.ts";
export { rekeyNode } from "./rekey.ts";
export { removeNode } from "./remove-node.ts";
export { rollbackStack } from "./rollback.ts";
export { signStack } from "./sign.ts";
export { deployHistory, meshStatus, pingMember, unlockStack } from "./status.ts";
export { createToken } from "./token-create.ts";
export { listTokens } from "./token-list.ts";
export { revokeToken } from "./token-revoke.ts";
