// Output of one host passes through, that of several comes in whole lines with names.
import { describe, expect, it } from "vitest";
import { createHostOutput, unreached } from "../../../cli/output/exec.ts";

function shown(names: readonly string[]) {
  const text = { stdout: "", stderr: "" };
  const sink = (stream: "stdout" | "stderr") => ({ write: (chunk: Buffer) => (text[stream] += chunk.toString()) });
  const output = createHostOutput({ stdout: sink("stdout"), stderr: sink("stderr") });
  output.start(names);
  return { text, output };
}

describe("createHostOutput", () => {
  it("passes one host's bytes through", () => {
    const { text, output } = shown(["beta"]);
    output.write("beta", "stdout", Buffer.from("half"));
    output.write("beta", "stderr", Buffer.from("oh\n"));
    expect(text).toEqual({ stdout: "half", stderr: "oh\n" });
  });

  it("names each line of several, whatever the chunks, and ends what has no end", () => {
    const { text, output } = shown(["beta", "gamma"]);
    const bytes = Buffer.from("first\n\nzwölf\nrest");
    for (let index = 0; index < bytes.length; index += 1) {
      output.write("beta", "stdout", bytes.subarray(index, index + 1));
      if (index === 3) output.write("gamma", "stdout", Buffer.from("in between\n"));
    }
    output.write("gamma", "stderr", Buffer.from("oh\n"));
    output.end();
    expect(text.stdout).toBe("gamma: in between\nbeta:  first\nbeta:  \nbeta:  zwölf\nbeta:  rest\n");
    expect(text.stderr).toBe("gamma: oh\n");
  });

  it("keeps no line that never ends", () => {
    const { text, output } = shown(["beta", "gamma"]);
    output.write("beta", "stdout", Buffer.alloc(200_000, "x"));
    expect(text.stdout.length).toBeGreaterThan(190_000);
  });
});

describe("unreached", () => {
  const said = { stdout: "", stderr: "" };
  const result = (hosts: Parameters<typeof unreached>[0]["hosts"]) => ({ mesh: "m", stage: "main", hosts, code: 0 });

  it("is nothing when the command ran everywhere, however it ended", () => {
    expect(unreached(result([{ name: "beta", code: 3, ...said }]))).toBeUndefined();
  });

  it("lists hosts with their causes, and each advice once", () => {
    const error = { code: "TM_SSH_TIMEOUT", message: "no answer", advice: ["wait"] };
    const one = unreached(result(["beta", "gamma"].map((name) => ({ name, ...said, error }))));
    expect(one).toMatchObject({ code: "TM_DEPLOY_UNREACHED", exitCode: 5, advice: ["wait"] });
    expect(one?.detail).toBe("beta: no answer (TM_SSH_TIMEOUT)\ngamma: no answer (TM_SSH_TIMEOUT)");
  });
});
