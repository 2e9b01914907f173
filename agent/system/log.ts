// The agent's log: one JSON object per line on standard output, which journald keeps.
import pino from "pino";

export type LogLevel = "debug" | "info" | "warn" | "error";
/** Fields never hold keys, secrets or packet contents. */
export type Log = (level: LogLevel, message: string, fields?: Record<string, unknown>) => void;

/** Opens the log at `level`; lines are written synchronously, so that the last one before an exit is not lost. */
export function openLog(level: LogLevel): Log {
  const logger = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    pino.destination({ fd: 1, sync: true }),
  );
  return (at, message, fields) => logger[at](fields ?? {}, message);
}
