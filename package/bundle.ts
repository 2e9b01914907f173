// Bundles the command line, the thread that runs stacks and the public API into dist/*.js: one flat folder, shared code in chunks.
/** Entry points by the name they have in dist/. What they say about files beside them holds in both places. */
const entryPoints = {
  bin: "cli/bin.ts",
  commands: "cli/commands/index.ts",
  thread: "cli/engine/synth/thread.ts",
  constructs: "constructs/index.ts",
  terraform: "constructs/terraform.ts",
  "sandbox-cloud": "cli/engine/sandbox/sandbox-cloud.ts",
  "provider-plugin": "provider/main.ts",
};

/**
 * Never bundled, and absent where the package is installed: esbuild only builds releases in a clone, oclif asks for typescript where
 * a command is source, and the others are native and optional parts of their packages, which go on without them.
 */
const left = ["esbuild", "typescript", "cpu-features", "*.node", "bufferutil", "utf-8-validate"];

/** Writes the programs of the checkout `root` to `folder` and names the files that went into them. */
export async function bundleCommandLine(root: string, folder: string): Promise<readonly string[]> {
  const { build } = await import("esbuild");
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints,
    outdir: folder,
    bundle: true,
    splitting: true,
    platform: "node",
    format: "esm",
    target: "node22.18",
    conditions: ["tunnelmesh-source"],
    chunkNames: "chunk-[hash]",
    minifySyntax: true,
    legalComments: "none",
    // Packages written as CommonJS reach for these; an ESM bundle has none of its own.
    banner: {
      js: [
        'import { createRequire as tunnelmeshRequire } from "node:module";',
        "const require = tunnelmeshRequire(import.meta.url), __filename = import.meta.filename, __dirname = import.meta.dirname;",
      ].join(" "),
    },
    external: left,
    metafile: true,
    logLevel: "error",
    tsconfigRaw: { compilerOptions: { verbatimModuleSyntax: true } },
  });
  return Object.keys(metafile.inputs);
}
