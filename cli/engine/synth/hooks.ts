// Module hooks for stack files: TypeScript whatever package.json says, forgiving imports, one copy of this package (api.md §3).
import { registerHooks } from "node:module";

const retried = new Set(["ERR_MODULE_NOT_FOUND", "ERR_UNSUPPORTED_DIR_IMPORT"]);

/** Registers the hooks in this thread. */
export function registerStackHooks(): void {
  registerHooks({
    resolve(specifier, context, nextResolve) {
      // Asked from here, the package's name means this very copy, as source in a clone and as built where it is installed.
      if (/^tunnelmesh(\/|$)/.test(specifier))
        return nextResolve(specifier, { ...context, parentURL: import.meta.url });
      // A clone has cdktf, and one is enough; an installed package has it bundled, and the project brings what it imports.
      if (/^(cdktf|constructs|@cdktf\/provider-digitalocean)(\/|$)/.test(specifier)) {
        const here = tryResolve(() => nextResolve(specifier, { ...context, parentURL: import.meta.url }));
        if (here !== undefined) return here;
      }
      try {
        return nextResolve(specifier, context);
      } catch (error) {
        const code = (error as NodeJS.ErrnoException).code ?? "";
        if (!/^\.{0,2}\//.test(specifier) || !retried.has(code)) throw error;
        for (const guess of guesses(specifier)) {
          const found = tryResolve(() => nextResolve(guess, context));
          if (found !== undefined) return found;
        }
        throw error;
      }
    },
    load(url, context, nextLoad) {
      const typescript = url.startsWith("file:") && /\.ts$/.test(url) && !url.includes("/node_modules/");
      return nextLoad(url, typescript ? { ...context, format: "module-typescript" } : context);
    },
  });
}

function guesses(specifier: string): string[] {
  const swapped = specifier.endsWith(".js") ? [specifier.replace(/\.js$/, ".ts")] : [];
  return [...swapped, `${specifier}.ts`, `${specifier}/index.ts`, `${specifier}.js`];
}

function tryResolve<T>(resolve: () => T): T | undefined {
  try {
    return resolve();
  } catch (error) {
    if (retried.has((error as NodeJS.ErrnoException).code ?? "")) return undefined;
    throw error;
  }
}
