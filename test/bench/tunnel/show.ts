// Makes picture, page and README of the kept figures anew: ./tm @test/bench/tunnel/show.ts
import { readFileSync } from "node:fs";
import type { Result } from "./result.ts";
import { files, saveResult } from "./save.ts";

saveResult(JSON.parse(readFileSync(files.figures, "utf8")) as Result);
