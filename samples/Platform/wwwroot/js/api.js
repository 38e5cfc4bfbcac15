// Requests to the service. An answer that is a problem (RFC 9457) becomes an error with its title.

export class Problem extends Error {
  constructor(status, problem) {
    super([problem.title, problem.detail].filter(Boolean).join(' ') || `The service answered ${status}.`);
    this.status = status;
    this.type = problem.type;
  }
}

async function send(method, path, body) {
  // JSON is what a form of another site cannot send; besides, the service asks where a request comes from.
  const response = await fetch(path, {
    method,
    headers: body === undefined ? {} : { 'content-type': 'application/json' },
    body: body === undefined ? undefined : JSON.stringify(body),
  }).catch(() => { throw new Problem(0, { title: 'The service does not answer.' }); });
  if (response.status === 401 && !location.pathname.endsWith('/') && !location.pathname.endsWith('/index.html')) {
    location.href = './';
  }

  const text = await response.text();
  const isJson = /json/.test(response.headers.get('content-type') ?? '');
  const value = isJson && text ? JSON.parse(text) : null;
  if (!response.ok) {
    throw new Problem(response.status, value ?? {});
  }

  return value;
}

export const get = path => send('GET', path);
export const post = (path, body) => send('POST', path, body);
export const remove = path => send('DELETE', path);
