import { get, post } from './api.js';
import { find, make, onClick, setText, showProblem } from './dom.js';
import { showLog } from './log.js';
import { showShell } from './shell.js';

const LOOK_MS = 1000;
const HEALTH_MS = 5000;
const ENDS = ['success', 'failed', 'cancelled'];

const path = `/api/deployments/${encodeURIComponent(new URLSearchParams(location.search).get('id'))}`;
let timer;

showShell();
look();
showLog(`${path}/log`, find('log'), text => { find('connection').textContent = text; }, lookSoon);

onClick('cancel', async () => {
  await post(`${path}/cancel`);
  await look();
});

onClick('redeploy', async () => {
  const deployment = await post(`${path}/redeploy`);
  location.href = `deployment.html?id=${deployment.id}`;
});

// The stages change with the log, and at times without it.
function lookSoon(delay = 200) {
  clearTimeout(timer);
  timer = setTimeout(look, delay);
}

// Its problem has a place of its own: that of a button stays until a button is pressed again.
async function look() {
  clearTimeout(timer);
  let next = LOOK_MS;
  try {
    const details = await get(path);
    show(details);
    showProblem(null, 'look-problem');
    next = ENDS.includes(details.deployment.status) ? HEALTH_MS : LOOK_MS;
  } catch (error) {
    showProblem(error.message, 'look-problem');
  }

  lookSoon(next);
}

function show({ deployment, project, stages, containers, healthChecks }) {
  const ended = ENDS.includes(deployment.status);
  document.title = `${deployment.status} · ${project.name} · Platform`;
  find('project').textContent = project.name;
  find('project').href = `project.html?id=${project.id}`;
  setText(find('status'), deployment.status);
  find('status').className = `badge ${deployment.status}`;
  setText(find('summary'), [
    `branch ${deployment.branch}`, deployment.commitHash?.slice(0, 12), deployment.commitMessage,
    deployment.buildDurationSeconds == null ? null : `${deployment.buildDurationSeconds} s`, deployment.failedReason,
  ].filter(Boolean).join(' · '));
  find('cancel').hidden = ended;
  find('redeploy').hidden = !ended;
  showStages(stages);
  showResult(deployment, containers[0], healthChecks[0]);
}

function showStages(stages) {
  const text = JSON.stringify(stages);
  if (find('stages').dataset.shown !== text) {
    find('stages').dataset.shown = text;
    find('stages').replaceChildren(...stages.map(stage => make('li', { className: stage.status },
      make('span', {}, stage.name), make('span', { className: 'hint' }, ` ${stage.status.replace('_', ' ')}${duration(stage)}`))));
  }
}

function duration({ startedAt, completedAt }) {
  return startedAt && completedAt ? `, ${((new Date(completedAt) - new Date(startedAt)) / 1000).toFixed(1)} s` : '';
}

function showResult(deployment, container, check) {
  const address = deployment.deployedUrl;
  find('result').hidden = !address || !container;
  if (address && container && /^https?:/.test(address)) {
    find('address').href = address;
    setText(find('address'), address);
    setText(find('health'), check
      ? `container ${container.status}, last check ${check.isLive ? 'passed' : 'failed'} in ${check.latencyMs ?? '?'} ms`
      : `container ${container.status}`);
  }
}
