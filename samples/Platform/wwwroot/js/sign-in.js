import { get, post } from './api.js';
import { onSubmit } from './dom.js';

// Who is signed in already goes on.
get('/api/session').then(() => { location.href = 'projects.html'; }, () => {});

const enter = path => async values => {
  await post(path, values);
  location.href = 'projects.html';
};

onSubmit('sign-up', enter('/api/account'));
onSubmit('sign-in', enter('/api/session'));
