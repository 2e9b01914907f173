// Three short random sequences of changes over five hosts; the soak has fifty.
import { testSequences } from "./sequences.ts";

testSequences("sequences", Number(process.env["TM_SEQUENCES"] ?? 3), 3, 95154493);
