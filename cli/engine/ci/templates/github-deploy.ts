// .github/workflows/tm-deploy.yml: plans what was merged, and deploys exactly that once the environment's reviewers agree.
import type { CiNeeds } from "../needs.ts";
import {
  environment,
  header,
  inputs,
  passedSecrets,
  planSteps,
  project,
  stepSecrets,
  terraform,
} from "./github-steps.ts";
import { runner } from "./versions.ts";

/** The digest that was planned, in the environment of the step that deploys. */
const digest = `          DIGEST: \${{ needs.plan.outputs.digest }}\n`;

/** Why a deploy has an end. */
const limit = ({ cloud }: CiNeeds): string =>
  cloud ? "    # tm ci sweep takes a firewall for left behind after an hour: no deploy lasts longer.\n" : "";

export function githubDeploy(needs: CiNeeds): string {
  const sweep = needs.cloud
    ? `      # A job that was cancelled may have been killed before it could take its firewall back.
      - name: Leave nothing open
        if: always()
${stepSecrets({ ...needs, secrets: needs.secrets.filter(({ name }) => name === "DIGITALOCEAN_TOKEN") }, "deploy")}        run: npx --no-install tm ci sweep "$STACK"
`
    : "";
  return `${header("Deploys what was merged: the plan is made first, and exactly that is deployed after a review.")}name: tm deploy

on:
  push:
    branches: [main]
  workflow_dispatch:
  workflow_call:
${inputs()}${passedSecrets(needs, "deploy")}
permissions: {}

# One at a time, and none is cut off half-way.
concurrency:
  group: tm-deploy-\${{ inputs.stack || 'default' }}-\${{ inputs.stage || 'default' }}
  cancel-in-progress: false

${environment(needs)}
jobs:
  plan:
    runs-on: ${runner}
    timeout-minutes: 15
    environment: plan
    permissions:
      contents: read
    outputs:
      digest: \${{ steps.plan.outputs.digest }}
    steps:
${project}${terraform(needs)}${planSteps(needs)}
  deploy:
    needs: plan
    runs-on: ${runner}
${limit(needs)}    timeout-minutes: 60
    environment: production
    permissions:
      contents: read
    steps:
${project}${terraform(needs)}      - name: Deploy
${stepSecrets(needs, "deploy", digest)}        run: npx --no-install tm deploy "$STACK" --yes --no-input --expect-digest "$DIGEST"
      - name: Status
${stepSecrets(needs, "deploy")}        run: npx --no-install tm status --json
${sweep}`;
}
