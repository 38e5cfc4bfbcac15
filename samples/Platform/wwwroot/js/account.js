import { get, remove } from './api.js';
import { attempt, find, make, onClick, time } from './dom.js';
import { showShell } from './shell.js';

const show = () => attempt(async () => {
  const sessions = await get('/api/sessions');
  find('sessions').replaceChildren(...sessions.map(session => make('li', {},
    'signed in ', time(session.signedInAt), ', until ', time(session.expiresAt), session.isCurrent ? ' (this browser)' : '')));
});

showShell();
show();
onClick('others', async () => {
  const { ended } = await remove('/api/sessions/others');
  find('ended').textContent = `${ended} sessions ended.`;
  await show();
});
