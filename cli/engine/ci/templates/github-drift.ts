// .github/workflows/tm-drift.yml: looks every night for what changed outside tm, and keeps one issue about it.
import type { CiNeeds } from "../needs.ts";
import { environment, header, inputs, passedSecrets, project, stepSecrets, terraform } from "./github-steps.ts";
import { pinned, runner } from "./versions.ts";

/** Undefined where the stack has no cloud: nothing can drift there. */
export function githubDrift(needs: CiNeeds): string | undefined {
  if (!needs.cloud) return undefined;
  return `${header("Looks every night for what changed in the cloud outside tm, and keeps one issue about it.")}name: tm drift

on:
  schedule:
    - cron: "23 3 * * *"
  workflow_dispatch:
  workflow_call:
${inputs()}${passedSecrets(needs, "plan")}
permissions: {}

concurrency:
  group: tm-drift-\${{ inputs.stack || 'default' }}-\${{ inputs.stage || 'default' }}
  cancel-in-progress: true

${environment(needs)}
jobs:
  drift:
    runs-on: ${runner}
    timeout-minutes: 15
    environment: plan
    permissions:
      contents: read
    outputs:
      found: \${{ steps.drift.outputs.found }}
    steps:
${project}${terraform(needs)}      - name: Look
        id: drift
${stepSecrets(needs, "plan")}        run: |
          code=0
          npx --no-install tm drift "$STACK" --no-input > drift.txt || code=$?
          cat drift.txt
          case "$code" in
            0) found=false ;;
            2) found=true ;;
            *) exit "$code" ;;
          esac
          echo "found=$found" >> "$GITHUB_OUTPUT"
      - uses: ${pinned("actions/upload-artifact")}
        with:
          name: tm-drift-\${{ inputs.stage || '${needs.stage}' }}
          path: drift.txt
          retention-days: 7

  # It may write issues, and is given the text alone.
  issue:
    needs: drift
    runs-on: ${runner}
    timeout-minutes: 5
    permissions:
      issues: write
    steps:
      - uses: ${pinned("actions/download-artifact")}
        with:
          name: tm-drift-\${{ inputs.stage || '${needs.stage}' }}
      - name: Keep one issue
        env:
          GH_TOKEN: \${{ github.token }}
          GH_REPO: \${{ github.repository }}
          FOUND: \${{ needs.drift.outputs.found }}
          RUN: \${{ github.server_url }}/\${{ github.repository }}/actions/runs/\${{ github.run_id }}
        run: |
          title="Stage $TM_STAGE differs from its stack"
          number=$(gh issue list --state open --label tm-drift --limit 100 --json number,title |
            jq --arg title "$title" 'map(select(.title == $title)) | first | .number // empty')
          if [ "$FOUND" = false ]; then
            if [ -n "$number" ]; then gh issue close "$number" --comment "Nothing differs any more: $RUN"; fi
            exit 0
          fi
          { echo '~~~~~~text'; head -c 60000 drift.txt; printf '\\n~~~~~~\\n\\n%s\\n' "$RUN"; } > body.md
          if [ -n "$number" ]; then
            gh issue edit "$number" --body-file body.md
          else
            gh label create tm-drift --description "What changed outside tm" --force
            gh issue create --title "$title" --label tm-drift --body-file body.md
          fi
`;
}
