import { get, post, remove } from './api.js';
import { attempt, badge, find, make, onClick, time } from './dom.js';
import { showList } from './pages.js';
import { showShell } from './shell.js';

const id = new URLSearchParams(location.search).get('id');
const path = `/api/projects/${encodeURIComponent(id)}`;

showShell();
const showDeployments = () => showList('deployments', `${path}/deployments`, deployment => make('li', {},
  make('a', { href: `deployment.html?id=${deployment.id}` }, time(deployment.createdAt)), ' ', badge(deployment.status),
  make('span', { className: 'hint' }, [deployment.creatorType, deployment.commitHash?.slice(0, 12), deployment.commitMessage]
    .filter(Boolean).join(' · '))), 'None yet: press Deploy.');

attempt(async () => {
  const project = await get(path);
  document.title = `${project.name} · Platform`;
  find('name').textContent = project.name;
  find('source').textContent = `${project.repository}, branch ${project.branch}`;
});
showDeployments();

onClick('deploy', async () => {
  const deployment = await post(`${path}/deployments`);
  location.href = `deployment.html?id=${deployment.id}`;
});

onClick('remove', async () => {
  if (confirm('Remove the project with its deployments and logs?')) {
    await remove(path);
    location.href = 'projects.html';
  }
});

const push = signed => async () => {
  const { status, answer } = await post(`${path}/test-push?signed=${signed}`);
  find('delivery').textContent = status === 200
    ? `Answered 200: ${answer.outcome}, ${answer.deployments} deployments queued.`
    : `Answered ${status}: ${answer.title}`;
  await showDeployments();
};

onClick('push', push(true));
onClick('forged', push(false));
