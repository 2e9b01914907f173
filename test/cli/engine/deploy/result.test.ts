// What a deploy refuses about releases, and how it fills in outputs.
import { describe, expect, it } from "vitest";
import { refuseDowngrade } from "../../../../cli/engine/deploy/downgrade.ts";
import { fillOutputs } from "../../../../cli/engine/deploy/outputs.ts";

describe("refuseDowngrade", () => {
  const change = (installed: string | undefined, version: string) => [{ host: "alpha", installed, version }];

  it.each([
    [undefined, "0.1.0"],
    ["0.1.0-ffff", "0.1.0"],
    ["0.9.0-ffff", "0.10.0"],
    ["not a version", "0.0.1"],
  ])("lets %s become %s", (installed, version) => {
    expect(() => refuseDowngrade(change(installed, version))).not.toThrow();
  });

  it.each([
    ["0.1.1-ffff", "0.1.0"],
    ["0.10.0-ffff", "0.9.9"],
    ["1.0.0-ffff", "0.99.99"],
  ])("keeps %s from becoming %s", (installed, version) => {
    expect(() => refuseDowngrade(change(installed, version))).toThrow(
      expect.objectContaining({ code: "TM_DEPLOY_DOWNGRADE", detail: `alpha has ${installed}, this is ${version}` }),
    );
  });
});

describe("fillOutputs", () => {
  it("puts in what is known and leaves the rest", () => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the form of a reference in a model
    const outputs = { url: "at ${hub.url}, really", other: "${web.publicIp}", plain: "prod" };
    expect(fillOutputs(outputs, { "hub.url": "ws://198.18.0.2:8443" })).toEqual({
      ...outputs,
      url: "at ws://198.18.0.2:8443, really",
    });
  });
});
