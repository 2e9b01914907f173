#!/usr/bin/env node
// The command tm: says which Node it needs where that is too old, in words that any Node understands, then starts bin.
var parts = process.versions.node.split(".");
var major = Number(parts[0]);
var minor = Number(parts[1]);

if (major > 23 || (major === 22 && minor >= 18) || (major === 23 && minor >= 6)) {
  require("./start.cjs");
} else {
  console.error(
    "Error: This Node is too old for tm.\n" +
      "  It is " +
      process.version +
      " at " +
      process.execPath +
      "; tm needs Node 22.18 or newer.\n" +
      "Try this:\n" +
      "  - Install Node 24 (https://nodejs.org/en/download), then run it again.\n" +
      "  - In a clone, ./tm fetches the Node it needs by itself.",
  );
  process.exitCode = 1;
}
