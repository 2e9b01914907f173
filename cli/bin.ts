#!/usr/bin/env node
// Starts tm: one way in, one way out. A command's own work is loaded only when it runs.
import path from "node:path";
import { startCommandLine } from "./frame/start.ts";

await startCommandLine(process.argv.slice(2), path.resolve(import.meta.dirname, ".."));
