// Fifty random sequences of deploy, add, join, rename, remove, upgrade, kill and rollback over five hosts.
import { testSequences } from "./sequences.ts";

testSequences("soak", Number(process.env["TM_SEQUENCES"] ?? 50), 8);
