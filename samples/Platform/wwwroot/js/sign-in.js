import { post } from './api.js';
import { onSubmit } from './dom.js';

const enter = path => async values => {
  await post(path, values);
  location.href = 'projects.html';
};

onSubmit('sign-up', enter('/api/account'));
onSubmit('sign-in', enter('/api/session'));
