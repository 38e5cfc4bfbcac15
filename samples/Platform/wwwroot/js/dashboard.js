import { get } from './api.js';
import { drawBars, drawLines } from './chart.js';
import { attempt, find, make } from './dom.js';
import { showShell } from './shell.js';

const day = text => text.slice(5, 10);
const percent = value => value == null ? '–' : `${Math.round(value * 100)} %`;
const change = value => value == null ? '' : ` (${value >= 0 ? '+' : '−'}${Math.abs(Math.round(value * 100))} %)`;

showShell();
attempt(async () => {
  const { numbers, perDay, success, durations } = await get('/api/dashboard');
  const shown = [
    ['Deployments', numbers.total.deployments],
    ['Today', numbers.today.deployments],
    ['This week', `${numbers.week.current.deployments}${change(numbers.week.deploymentsChange)}`],
    ['Success rate', percent(numbers.total.successRate)],
    ['Average build', numbers.total.averageBuildSeconds == null ? '–' : `${numbers.total.averageBuildSeconds.toFixed(1)} s`],
    ['Active projects', numbers.total.activeProjects],
  ];
  find('numbers').replaceChildren(...shown.map(([name, value]) => make('div', {}, make('dt', {}, name), make('dd', {}, `${value}`))));
  drawBars(find('per-day'), perDay.map(one => day(one.start)), 'deployments', perDay.map(one => one.deployments));
  const weeks = success.map(one => day(one.start));
  drawLines(find('success'), weeks, [{ name: 'success rate', values: success.map(one => one.successRate) }], percent, 1);
  drawLines(find('durations'), weeks, [
    { name: 'median', values: durations.map(one => one.durations.medianSeconds) },
    { name: '95th percentile', values: durations.map(one => one.durations.p95Seconds) },
  ], value => `${Number(value.toFixed(1))} s`);
});
