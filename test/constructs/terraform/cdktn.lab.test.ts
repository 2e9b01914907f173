// The maintained successor of cdktf, under the name of cdktf, makes the same Terraform of each example, byte for byte.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import { execa } from "execa";
import { expect, it } from "vitest";

const version = "0.24.0";
const root = path.resolve(import.meta.dirname, "../../..");
const { devDependencies } = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8")) as {
  devDependencies: Record<string, string>;
};

/** A folder with cdktn in the place of cdktf, kept for the next time; undefined, said so, where no registry answers. */
async function install(): Promise<string | undefined> {
  const cache = path.join(process.env["XDG_CACHE_HOME"] ?? path.join(homedir(), ".cache"), "tunnelmesh/cdktn");
  const bindings = devDependencies["@cdktf/provider-digitalocean"]!;
  const folder = path.join(cache, `${version}-${bindings}`);
  if (existsSync(folder)) return folder;
  mkdirSync(cache, { recursive: true });
  const made = mkdtempSync(path.join(cache, "new-"));
  const alias = `npm:cdktn@${version}`;
  const dependencies = {
    cdktf: alias,
    constructs: devDependencies["constructs"],
    "@cdktf/provider-digitalocean": bindings,
  };
  const manifest = { private: true, type: "module", dependencies, overrides: { cdktf: alias } };
  writeFileSync(path.join(made, "package.json"), JSON.stringify(manifest));
  const options = ["--ignore-scripts", "--no-audit", "--no-fund"];
  const { failed, stderr } = await execa("npm", ["install", ...options], { cwd: made, reject: false, timeout: 60_000 });
  if (failed) {
    rmSync(made, { recursive: true, force: true });
    process.stderr.write(`cdktn cannot be installed, this test does not run: ${stderr.split("\n")[0]}\n`);
    return undefined;
  }
  renameSync(made, folder);
  return folder;
}

const folder = await install();

it.runIf(folder !== undefined)("cdktn makes the same Terraform of each example as cdktf", async () => {
  const program = path.join(import.meta.dirname, "successor.ts");
  const conditions = ["--conditions=tunnelmesh-source", "--disable-warning=ExperimentalWarning"];
  const { stdout } = await execa(process.execPath, [...conditions, program, folder!]);
  const { library, from, made } = JSON.parse(stdout) as {
    library: string;
    from: string[];
    made: Record<string, string>;
  };
  expect(from).toEqual([path.join(folder!, "node_modules/cdktf")]);
  expect(library).toBe(`cdktn ${version}`);
  expect(Object.keys(made)).toEqual(["digitalocean", "mixed"]);
  for (const [name, text] of Object.entries(made)) {
    expect(text, name).toBe(readFileSync(path.join(import.meta.dirname, `golden/${name}.tf.json`), "utf8"));
  }
});
