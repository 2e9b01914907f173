// Stands for a tm that is killed in the middle of an apply: `held-run.ts FOLDER RELEASE` says "held" once Terraform works.
import { state } from "../../../../constructs/index.ts";
import { heldStack, holdLock, openHeld } from "./held.ts";

const [, , folder = "", release = ""] = process.argv;
const { run } = await openHeld(await heldStack(folder, state.local(), release));
await holdLock(run, release);
process.stdout.write("held\n");
setInterval(() => undefined, 1_000);
