// The header of every page: where one is, and who is signed in.
import { get, remove } from './api.js';
import { attempt, find, make } from './dom.js';

const pages = [['projects.html', 'Projects'], ['dashboard.html', 'Dashboard'], ['search.html', 'Search'], ['account.html', 'Sessions']];

export async function showShell() {
  const list = make('ul');
  for (const [href, title] of pages) {
    const link = make('a', { href }, title);
    if (location.pathname.endsWith(`/${href}`)) {
      link.setAttribute('aria-current', 'page');
    }

    list.append(make('li', {}, link));
  }

  const nav = make('nav', {}, list);
  nav.setAttribute('aria-label', 'Pages');
  const user = make('span', { id: 'user' });
  const out = make('button', { id: 'sign-out', type: 'button' }, 'Sign out');
  out.addEventListener('click', () => attempt(async () => {
    await remove('/api/session');
    location.href = './';
  }));
  find('shell').replaceChildren(make('a', { href: 'projects.html', className: 'brand' }, 'Platform'), nav, user, out);
  await attempt(async () => { user.textContent = (await get('/api/session')).name; });
}
