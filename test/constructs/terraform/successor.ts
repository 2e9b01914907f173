// Makes the Terraform of the examples with the cdktf of another folder: successor.ts FOLDER prints it as JSON.
import { readFileSync } from "node:fs";
import { createRequire, registerHooks } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";

const folder = process.argv[2]!;
const from = pathToFileURL(path.join(folder, "package.json")).href;

registerHooks({
  resolve(specifier, context, next) {
    const elsewhere = /^(cdktf|constructs|@cdktf\/[^/]+)(\/|$)/.test(specifier);
    return next(specifier, elsewhere ? { ...context, parentURL: from } : context);
  },
});

const { alice, synth } = await import("../mesh.ts");
const { terraformOf } = await import("../../../constructs/terraform.ts");
const files = { "/project/keys/admin.pub": `${alice}\n` };
const made: Record<string, string> = {};
for (const name of ["digitalocean", "mixed"]) {
  const { default: stack } = await import(`../../../stacks/${name}.ts`);
  made[name] = `${JSON.stringify(terraformOf(await synth(stack, { files })), undefined, 2)}\n`;
}
// Where cdktf was really loaded from.
const loaded = Object.keys(createRequire(import.meta.url).cache)
  .filter((file) => /\/node_modules\/cdktf\//.test(file))
  .map((file) => file.replace(/(\/node_modules\/cdktf)\/.*/, "$1"));
const { name, version } = JSON.parse(readFileSync(path.join(folder, "node_modules/cdktf/package.json"), "utf8"));
process.stdout.write(JSON.stringify({ library: `${name} ${version}`, from: [...new Set(loaded)], made }));
