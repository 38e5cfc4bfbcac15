// A live log: server-sent events, each with the cursor of its line. The browser reconnects by itself and sends the last cursor, so that no
// line is missed and none comes twice. When the service refuses (it may be starting), the browser gives up, and this code tries again.

const MAX_LINES = 5000;
const RETRY_MS = 1000;
const DRAW_MS = 50;

/**
 * Shows the log of a deployment.
 * @param {string} path the address of the stream
 * @param {HTMLOListElement} list where lines are added
 * @param {(text: string) => void} report says how the connection is
 * @param {() => void} changed is called after new lines, and at the end
 */
export function showLog(path, list, report, changed) {
  let cursor = null;
  let waiting = [];

  function open() {
    const source = new EventSource(cursor ? `${path}?cursor=${encodeURIComponent(cursor)}` : path);
    source.addEventListener('open', () => report('live'));
    source.addEventListener('line', event => {
      cursor = event.lastEventId;
      add(JSON.parse(event.data));
    });
    source.addEventListener('end', () => {
      source.close();
      report('complete');
      changed();
    });
    source.addEventListener('error', () => {
      report('the connection was lost; trying again');
      if (source.readyState === EventSource.CLOSED) {
        setTimeout(open, RETRY_MS);
      }
    });
  }

  // Thousands of lines may come at once: they are drawn together. Not with the next frame: a tab in the background has none.
  function add(line) {
    // A failover of the database may lose lines that are shown already: others get their numbers.
    while (waiting.at(-1)?.seq >= line.seq) {
      waiting.pop();
    }

    while (list.lastElementChild?.value >= line.seq) {
      list.lastElementChild.remove();
    }

    waiting.push(line);
    if (waiting.length === 1) {
      setTimeout(draw, DRAW_MS);
    }
  }

  function draw() {
    const atEnd = list.scrollTop + list.clientHeight >= list.scrollHeight - 4;
    const lines = waiting.slice(-MAX_LINES).map(line => {
      const item = document.createElement('li');
      item.value = line.seq;
      item.className = line.level ?? '';
      item.textContent = shown(line.message);
      return item;
    });
    waiting = [];
    list.append(...lines);
    while (list.childElementCount > MAX_LINES) {
      list.firstElementChild.remove();
    }

    if (atEnd) {
      list.scrollTop = list.scrollHeight;
    }

    changed();
  }

  report('connecting');
  open();
}

// Colours and other orders to a terminal say nothing here.
const ORDERS = /\u001b\[[0-?]*[ -/]*[@-~]|\u001b\][^\u0007\u001b]*(\u0007|\u001b\\)|[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

function shown(message) {
  return message.replace(ORDERS, '');
}
