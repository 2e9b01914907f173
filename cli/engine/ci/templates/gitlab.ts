// .gitlab/tm.gitlab-ci.yml: the same three jobs for GitLab, to be included.
import type { CiNeeds } from "../needs.ts";
import { gitlabImage, terraformVersion } from "./versions.ts";

export function gitlab(needs: CiNeeds): string {
  const { stack, stage, cloud, secrets } = needs;
  const variables = secrets.map(
    ({ name, jobs }) => `#   ${name} (${jobs === "deploy" ? "production" : "plan and production, a value for each"})`,
  );
  const fetchTerraform = `    - |
      file="terraform_\${TERRAFORM_VERSION}_linux_amd64.zip"
      url="https://releases.hashicorp.com/terraform/$TERRAFORM_VERSION"
      curl -fsSLO "$url/$file" && curl -fsSL "$url/terraform_\${TERRAFORM_VERSION}_SHA256SUMS" -o sums.txt
      grep " $file\\$" sums.txt | sha256sum -c - && unzip -o -q "$file" terraform -d /usr/local/bin
`;
  return `# Plans merge requests, deploys the default branch${cloud ? ", looks for drift on a schedule" : ""}.
# Written by tm ci init: run it again after an update of tunnelmesh, it shows what would change and keeps your edits.
# In .gitlab-ci.yml: include: [{ local: .gitlab/tm.gitlab-ci.yml }]
# Variables to set by environment, all masked. Protect those of production, the environment and the default branch; those of plan
# cannot be, as the branch of a merge request sees no protected one:
${variables.join("\n")}

.tm:
  image: ${gitlabImage}
  interruptible: false
  variables:
    STACK: ${JSON.stringify(stack)}
    TM_STAGE: ${JSON.stringify(stage)}
${cloud ? `    TERRAFORM_VERSION: "${terraformVersion}"\n` : ""}    CHECKPOINT_DISABLE: "1"
  before_script:
    - npm ci --ignore-scripts
${cloud ? fetchTerraform : ""}
tm:plan:
  extends: .tm
  stage: test
  interruptible: true
  timeout: 15 minutes
  environment:
    name: plan
    action: verify
  rules:
    # A pipeline of a fork runs in the fork, which has no variables of this project.
    - if: $CI_PIPELINE_SOURCE == "merge_request_event" && $CI_MERGE_REQUEST_SOURCE_PROJECT_ID == $CI_PROJECT_ID
    - if: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH && $CI_PIPELINE_SOURCE != "schedule"
  script:
    - |
      code=0
      npx --no-install tm plan "$STACK" --ci --no-input --format json --out plan.json --detailed-exitcode || code=$?
      case "$code" in
        0 | 2) ;;
        *) exit "$code" ;;
      esac
    - npx --no-install tm plan render plan.json
    - npx --no-install tm plan render plan.json --format gitlab --out tfplan.json
    - node -p '"DIGEST=" + JSON.parse(require("node:fs").readFileSync("plan.json", "utf8")).digest' > plan.env
  artifacts:
    expire_in: 7 days
    paths: [plan.json]
    reports:
      terraform: tfplan.json
      dotenv: plan.env

# Whoever may deploy to the environment starts it, having seen the plan.
tm:deploy:
  extends: .tm
  stage: deploy
  needs: ["tm:plan"]
${cloud ? "  # tm ci sweep takes a firewall for left behind after an hour: no deploy lasts longer.\n" : ""}  timeout: 60 minutes
  resource_group: tm-deploy-${stage}
  environment:
    name: production
  rules:
    - if: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH && $CI_PIPELINE_SOURCE != "schedule"
      when: manual
  script:
    - npx --no-install tm deploy "$STACK" --yes --no-input --expect-digest "$DIGEST"
    - npx --no-install tm status --json
${
  cloud
    ? `  after_script:
    - npx --no-install tm ci sweep "$STACK"

tm:drift:
  extends: .tm
  stage: test
  timeout: 15 minutes
  environment:
    name: plan
    action: verify
  rules:
    - if: $CI_PIPELINE_SOURCE == "schedule"
  script:
    # Exit code 2: something changed, and the pipeline fails so that its owner is told.
    - npx --no-install tm drift "$STACK" --no-input
`
    : ""
}`;
}
