import { get, post } from './api.js';
import { attempt, badge, find, make, onSubmit } from './dom.js';
import { showList } from './pages.js';
import { showShell } from './shell.js';

showShell();

showList('projects', '/api/projects', ({ project, latest }) => make('li', {},
  make('a', { href: `project.html?id=${project.id}` }, project.name), ' ',
  latest ? badge(latest.status) : make('span', { className: 'hint' }, 'not deployed'),
  make('span', { className: 'hint' }, project.repository)), 'None yet: add one below.');

attempt(async () => {
  const select = find('new-project').elements.example;
  for (const { name, description } of await get('/api/examples')) {
    select.append(make('option', { value: name }, `${name}: ${description}`));
  }
});

for (const choice of find('new-project').elements.source) {
  choice.addEventListener('change', () => {
    find('of-example').hidden = choice.value !== 'example';
    find('of-git').hidden = choice.value !== 'git';
    find('new-project').elements.repository.required = choice.value === 'git';
  });
}

onSubmit('new-project', async ({ source, example, ...values }) => {
  const project = await post('/api/projects', source === 'example' ? { name: values.name, example } : values);
  location.href = `project.html?id=${project.id}`;
});
