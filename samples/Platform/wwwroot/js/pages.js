// Lists that are read page by page: the service gives the cursor of the next page, or null at the end.
import { get } from './api.js';
import { attempt, find } from './dom.js';

/** Shows a list, and the button for its next page while there is one. */
export function showList(listId, path, makeItem, emptyText) {
  const list = find(listId);
  const more = find('more');
  let next = null;

  async function load(cursor) {
    const page = await get(cursor ? `${path}?cursor=${encodeURIComponent(cursor)}` : path);
    if (!cursor) {
      list.replaceChildren();
    }

    list.append(...page.items.map(makeItem));
    if (list.children.length === 0) {
      list.append(Object.assign(document.createElement('li'), { className: 'hint', textContent: emptyText }));
    }

    next = page.next;
    more.hidden = !next;
  }

  more.addEventListener('click', () => attempt(() => load(next)));
  return attempt(() => load(null));
}
