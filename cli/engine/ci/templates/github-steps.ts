// Steps that the generated workflows share, as lines of YAML.
import type { CiNeeds } from "../needs.ts";
import { nodeVersion, pinned, terraformVersion } from "./versions.ts";

/** How each file begins. */
export const header = (what: string): string => `# ${what}
# Written by tm ci init: run it again after an update of tunnelmesh, it shows what would change and keeps your edits.
`;

/** The inputs of a reusable workflow, with this project's stack and stage where it runs by itself. */
export function inputs(more = ""): string {
  return `    inputs:
      stack:
        description: Path of the stack file.
        type: string
        required: false
      stage:
        description: Stage of the stack.
        type: string
        required: false
${more}`;
}

/** The secrets that a caller passes on, where they are not the environment's own. */
export function passedSecrets({ secrets }: CiNeeds, job: "plan" | "deploy"): string {
  const names = secretsOf(secrets, job).map(({ name }) => name);
  if (names.length === 0) return "";
  return `    secrets:\n${names.map((name) => `      ${name}:\n        required: false\n`).join("")}`;
}

/** What every step knows: no secret. */
export function environment({ stack, stage }: CiNeeds): string {
  return `env:
  STACK: \${{ inputs.stack || '${stack}' }}
  TM_STAGE: \${{ inputs.stage || '${stage}' }}
  CHECKPOINT_DISABLE: "1"
`;
}

/** Secrets of one step; nothing else in its job sees them. */
export function stepSecrets({ secrets }: CiNeeds, job: "plan" | "deploy", more = ""): string {
  const lines = secretsOf(secrets, job).map(({ name }) => `          ${name}: \${{ secrets.${name} }}\n`);
  const all = [more, ...lines].join("");
  return all === "" ? "" : `        env:\n${all}`;
}

function secretsOf(secrets: CiNeeds["secrets"], job: "plan" | "deploy"): CiNeeds["secrets"] {
  return secrets.filter(({ jobs }) => jobs === "all" || job === "deploy");
}

/** The project and its packages; scripts of packages do not run, and no credential stays behind. */
export const project = `      - uses: ${pinned("actions/checkout")}
        with:
          persist-credentials: false
      - uses: ${pinned("actions/setup-node")}
        with:
          node-version: "${nodeVersion}"
      - name: Install packages
        run: npm ci --ignore-scripts
`;

export function terraform({ cloud }: CiNeeds): string {
  if (!cloud) return "";
  return `      - uses: ${pinned("hashicorp/setup-terraform")}
        with:
          terraform_version: "${terraformVersion}"
          terraform_wrapper: false
`;
}

/** Plans, and says in outputs whether there is something to do, what it is worth looking at, and its digest. */
export function planSteps(needs: CiNeeds): string {
  return `      - name: Plan
        id: plan
${stepSecrets(needs, "plan")}        run: |
          code=0
          npx --no-install tm plan "$STACK" --ci --no-input --format json --out plan.json --detailed-exitcode || code=$?
          case "$code" in
            0 | 2) ;;
            *) exit "$code" ;;
          esac
          node -p '
            const plan = JSON.parse(require("node:fs").readFileSync("plan.json", "utf8"));
            ["changes=" + (plan.risk !== "none"), "risk=" + plan.risk, "digest=" + plan.digest].join("\\n");
          ' >> "$GITHUB_OUTPUT"
          npx --no-install tm plan render plan.json --format markdown >> "$GITHUB_STEP_SUMMARY"
`;
}
