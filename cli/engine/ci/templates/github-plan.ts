// .github/workflows/tm-plan.yml: plans a pull request and comments it; nothing that has a secret runs a stranger's code.
import type { CiNeeds } from "../needs.ts";
import { environment, header, inputs, passedSecrets, planSteps, project, terraform } from "./github-steps.ts";
import { pinned, runner } from "./versions.ts";

export function githubPlan(needs: CiNeeds): string {
  return `${header("Plans a pull request: what a deploy would change, as a comment.")}name: tm plan

on:
  pull_request:
  workflow_call:
${inputs(`      skip-comment:
        description: Do not comment the plan on the pull request.
        type: boolean
        default: false
      fail-on-destructive:
        description: Fail where a host, its data or a member would be lost.
        type: boolean
        default: false
`)}${passedSecrets(needs, "plan")}    outputs:
      changes:
        description: Whether a deploy would change anything.
        value: \${{ jobs.plan.outputs.changes }}
      risk:
        description: none, low, widening or destructive.
        value: \${{ jobs.plan.outputs.risk }}
      digest:
        description: For tm deploy --expect-digest.
        value: \${{ jobs.plan.outputs.digest }}

permissions: {}

concurrency:
  group: tm-plan-\${{ inputs.stack || 'default' }}-\${{ inputs.stage || 'default' }}-\${{ github.ref }}
  cancel-in-progress: true

${environment(needs)}
jobs:
  # A stack file is a program. One from a fork runs here without any secret: it is checked, and not planned.
  check:
    if: github.event_name == 'pull_request' && github.event.pull_request.head.repo.full_name != github.repository
    runs-on: ${runner}
    timeout-minutes: 10
    permissions:
      contents: read
    steps:
${project}      - name: Check the stack
        run: npx --no-install tm synth "$STACK" > /dev/null

  plan:
    if: github.event_name != 'pull_request' || github.event.pull_request.head.repo.full_name == github.repository
    runs-on: ${runner}
    timeout-minutes: 15
    environment: plan
    permissions:
      contents: read
    outputs:
      changes: \${{ steps.plan.outputs.changes }}
      risk: \${{ steps.plan.outputs.risk }}
      digest: \${{ steps.plan.outputs.digest }}
    steps:
${project}${terraform(needs)}${planSteps(needs)}      - uses: ${pinned("actions/upload-artifact")}
        with:
          name: tm-plan-\${{ inputs.stage || '${needs.stage}' }}
          path: plan.json
          if-no-files-found: error
          retention-days: 7

  # It may write to the pull request, and is given the plan alone: no secret of the cloud, and it does not run the stack.
  comment:
    needs: plan
    if: github.event_name == 'pull_request' && inputs.skip-comment != true
    runs-on: ${runner}
    timeout-minutes: 5
    permissions:
      contents: read
      pull-requests: write
    steps:
${project}      - uses: ${pinned("actions/download-artifact")}
        with:
          name: tm-plan-\${{ inputs.stage || '${needs.stage}' }}
      - name: Comment
        env:
          GITHUB_TOKEN: \${{ github.token }}
        run: npx --no-install tm plan comment plan.json

  gate:
    needs: plan
    if: inputs.fail-on-destructive == true && needs.plan.outputs.risk == 'destructive'
    runs-on: ${runner}
    timeout-minutes: 5
    permissions: {}
    steps:
      - name: Refuse
        run: |
          echo "::error::This plan destroys something; see its summary."
          exit 1
`;
}
