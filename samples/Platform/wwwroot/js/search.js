import { get } from './api.js';
import { attempt, find, make, onSubmit } from './dom.js';
import { showShell } from './shell.js';

let text = '';
let next = null;
let searched = 0;

showShell();
onSubmit('search', values => {
  text = values.text;
  searched = 0;
  find('matches').replaceChildren();
  return search(null);
});
find('more').addEventListener('click', () => attempt(() => search(next)));

async function search(cursor) {
  const query = new URLSearchParams(cursor ? { text, cursor } : { text });
  const page = await get(`/api/search?${query}`);
  find('matches').append(...page.items.map(({ line, snippet }) => make('li', {},
    make('a', { href: `deployment.html?id=${line.deploymentId}` }, `line ${line.seq}`), ' ', mark(snippet))));
  searched += page.linesSearched;
  next = page.next;
  find('more').hidden = !next;
  find('found').textContent = `${find('matches').children.length} lines found, ${searched} searched${next ? '; there is more' : ''}.`;
}

// The service says where the text is; what surrounds it is a stranger's, and stays text.
function mark({ text: line, start, length, isCutBefore, isCutAfter }) {
  return make('code', {}, isCutBefore ? '…' : '', line.slice(0, start), make('mark', {}, line.slice(start, start + length)),
    line.slice(start + length), isCutAfter ? '…' : '');
}
