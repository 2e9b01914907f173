// The shell scripts around going back one release. Each may be killed at any moment and run again.
import { hostPaths } from "../../../protocol/host/paths.ts";
import { quote } from "../ssh/quote.ts";
import { agentTemplate, coordinatorTemplate } from "./facts-script.ts";

const begin = "PATH=$PATH:/usr/sbin:/sbin; LC_ALL=C; export PATH LC_ALL; set -e";
/** Seconds that a service has to stop before it is killed: a rollback as a whole may take a minute. */
const stopSeconds = 6;
const startSeconds = 25;

/** What services start from, by its name among what is kept. */
function keptFiles(mesh: string): readonly (readonly [name: string, file: string])[] {
  const paths = hostPaths(mesh);
  return [
    ["agent.json", paths.agentConfiguration],
    ["coordinator.json", paths.coordinatorConfiguration],
    ["mesh.jsonl", paths.meshFile],
    ["agent.service", agentTemplate],
    ["coordinator.service", coordinatorTemplate],
  ];
}

/**
 * Copies what the present release starts from aside; what was aside before, and the link to its release, wait under other names until
 * the new release is known to be healthy. A second run on the way to the same release keeps the first copy: by then the files may be
 * the new release's already.
 */
export function keepScript(mesh: string, towards: string): string {
  const { keptConfiguration, installRecord, previous } = hostPaths(mesh);
  const [kept, next, before] = ["", ".next", ".before"].map((end) => quote(`${keptConfiguration}${end}`));
  const copies = [...keptFiles(mesh), ["install.json", installRecord] as const].map(
    ([name, file]) => `if [ -f ${quote(file)} ]; then cp -p ${quote(file)} ${next}/${name}; fi`,
  );
  return `${begin}
if [ "$(cat ${kept}/towards 2>/dev/null)" = ${quote(towards)} ]; then exit 0; fi
rm -rf ${next}; mkdir -m 700 ${next}
${copies.join("\n")}
printf %s ${quote(towards)} > ${next}/towards
sync ${next}/*
rm -rf ${before}
if [ -d ${kept} ]; then mv -T ${kept} ${before}; fi
if [ -L ${quote(previous)} ]; then ln -sfn "$(readlink ${quote(previous)})" ${quote(`${previous}.before`)}; else rm -f ${quote(`${previous}.before`)}; fi
mv -T ${next} ${kept}
sync ${quote(parentOf(keptConfiguration))}`;
}

/** Forgets the kept copy of `file`: what it holds now is right for the release before, too. */
export function forgetKeptScript(mesh: string, file: string): string {
  const name = keptFiles(mesh).find(([, path]) => path === file)?.[0];
  return name === undefined ? "true" : `rm -f ${quote(`${hostPaths(mesh).keptConfiguration}/${name}`)}`;
}

/** Switches to the release before, with what it started from, and starts its services; exits with 3 where there is none. */
export function rollbackScript(mesh: string): string {
  const paths = hostPaths(mesh);
  const kept = paths.keptConfiguration;
  const copies = keptFiles(mesh).map(
    ([name, file]) =>
      `if [ -f ${quote(`${kept}/${name}`)} ]; then cp -p ${quote(`${kept}/${name}`)} ${quote(`${file}.next`)}; mv -fT ${quote(`${file}.next`)} ${quote(file)}; fi`,
  );
  const restart = (unit: string, file: string) => `if [ -f ${quote(file)} ]; then
  timeout ${stopSeconds} systemctl stop ${quote(unit)} || systemctl kill -s KILL ${quote(unit)} || true
  systemctl reset-failed ${quote(unit)} 2>/dev/null || true
  systemctl enable --quiet ${quote(unit)}
  timeout ${startSeconds} systemctl restart ${quote(unit)}
fi`;
  return `${begin}
cd ${quote(parentOf(paths.current))}
[ -f previous/release.json ] || exit 3
old=$(readlink previous)
${copies.join("\n")}
ln -sfn "$old" current.next
mv -fT current.next current
sync .
systemctl daemon-reload
${restart(paths.coordinatorUnit, paths.coordinatorConfiguration)}
${restart(paths.agentUnit, paths.agentConfiguration)}`;
}

/**
 * After a rollback is known to be healthy: what there was to go back to before the upgrade is there again; after an upgrade that had
 * been completed, nothing.
 */
export function endRollbackScript(mesh: string): string {
  const { previous, keptConfiguration } = hostPaths(mesh);
  const [link, kept] = [quote(previous), quote(keptConfiguration)];
  const [linkBefore, keptBefore] = [quote(`${previous}.before`), quote(`${keptConfiguration}.before`)];
  return `${begin}
if [ -L ${linkBefore} ]; then mv -fT ${linkBefore} ${link}; else rm -f ${link}; fi
rm -rf ${kept} ${quote(`${keptConfiguration}.next`)}
if [ -d ${keptBefore} ]; then mv -T ${keptBefore} ${kept}; fi`;
}

/** After an upgrade is known to be healthy: one release back is kept, not two. */
export function endUpgradeScript(mesh: string): string {
  const { previous, keptConfiguration } = hostPaths(mesh);
  return `rm -rf ${quote(`${previous}.before`)} ${quote(`${keptConfiguration}.before`)}`;
}

function parentOf(file: string): string {
  return file.slice(0, file.lastIndexOf("/"));
}
