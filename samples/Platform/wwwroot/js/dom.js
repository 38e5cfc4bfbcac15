// Small helpers over the document. Text is always set as text: a log line is a stranger's, and never HTML.

export const find = id => document.getElementById(id);

/** Makes an element: make('li', { className: 'line' }, 'text', otherElement). */
export function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

/** Shows a problem, which a screen reader announces; without a text it hides the last one. */
export function showProblem(text, id = 'problem') {
  const place = find(id);
  setText(place, text ?? '');
  place.hidden = !text;
}

/** Sets a text. One that stays the same is not set again: a screen reader would announce it again. */
export function setText(element, text) {
  if (element.textContent !== text) {
    element.textContent = text;
  }
}

/** Runs an action of the page, and shows what went wrong with it. */
export async function attempt(action) {
  showProblem();
  try {
    return await action();
  } catch (error) {
    showProblem(error.message);
  }
}

/** Does so on a click, during which the button cannot be pressed again. */
export function onClick(id, action) {
  const button = find(id);
  button.addEventListener('click', async () => {
    button.disabled = true;
    await attempt(action);
    button.disabled = false;
  });
}

/** Does so when a form is sent; the action gets its values by name. */
export function onSubmit(id, action) {
  const form = find(id);
  form.addEventListener('submit', async event => {
    event.preventDefault();
    const button = form.querySelector('button');
    button.disabled = true;
    await attempt(() => action(Object.fromEntries(new FormData(form))));
    button.disabled = false;
  });
}

export const badge = status => make('span', { className: `badge ${status}` }, status);

const times = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });

export function time(text) {
  return text ? make('time', { dateTime: text }, times.format(new Date(text))) : '';
}
