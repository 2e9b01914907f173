// The join engine: what the commands call on a machine that has no stack.
export { joinMesh } from "./join.ts";
export { leaveLocal } from "./leave.ts";
export { readToken } from "./token.ts";
export { updateLocal } from "./update.ts";
