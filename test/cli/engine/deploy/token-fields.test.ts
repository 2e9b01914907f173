// Groups that an admin asks of a token, against those of the stack.
import { expect, it } from "vitest";
import { strangeGroups } from "../../../../cli/engine/deploy/token-fields.ts";

const model = {
  members: [{ groups: ["servers"] }, { groups: [] }],
  policy: {
    allow: [
      {
        from: { kind: "group", name: "people" },
        to: { kind: "node", name: "nas" },
        services: [],
      },
    ],
  },
} as const;

it("names the groups that stand nowhere in the stack, and no node as one", () => {
  expect(strangeGroups(model, ["servers", "people"])).toEqual([]);
  expect(strangeGroups(model, ["serves", "nas", "people"])).toEqual(["serves", "nas"]);
});
