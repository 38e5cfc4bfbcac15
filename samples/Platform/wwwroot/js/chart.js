// Plots as SVG, drawn here. Each has a table with the same numbers for those who do not see it.

const WIDTH = 640;
const HEIGHT = 200;
const MARGIN = { left: 44, right: 8, top: 10, bottom: 24 };
const PLOT_WIDTH = WIDTH - MARGIN.left - MARGIN.right;
const PLOT_HEIGHT = HEIGHT - MARGIN.top - MARGIN.bottom;

function svg(tag, attributes, text) {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) {
    element.setAttribute(name, value);
  }

  element.textContent = text ?? '';
  return element;
}

/** The next of 1, 2, 5, 10, 20, … at or above a value. */
function round(value) {
  const power = 10 ** Math.floor(Math.log10(Math.max(value, 1)));
  return [1, 2, 5, 10].map(step => step * power).find(step => step >= value);
}

function frame(labels, top, format) {
  const root = svg('svg', { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, 'aria-hidden': 'true', class: 'plot' });
  for (const part of [0, 0.5, 1]) {
    const y = MARGIN.top + PLOT_HEIGHT * (1 - part);
    root.append(
      svg('line', { x1: MARGIN.left, x2: WIDTH - MARGIN.right, y1: y, y2: y, class: 'grid' }),
      svg('text', { x: MARGIN.left - 6, y: y + 4, 'text-anchor': 'end' }, format(top * part)));
  }

  const every = Math.ceil(labels.length / 7);
  labels.forEach((label, index) => {
    if (index % every === 0) {
      root.append(svg('text', { x: xOf(index, labels.length), y: HEIGHT - 6, 'text-anchor': 'middle' }, label));
    }
  });
  return root;
}

const xOf = (index, count) => MARGIN.left + PLOT_WIDTH * (index + 0.5) / count;
const yOf = (value, top) => MARGIN.top + PLOT_HEIGHT * (1 - value / top);

function table(labels, series, format) {
  const details = document.createElement('details');
  const summary = document.createElement('summary');
  summary.textContent = 'Numbers';
  const body = document.createElement('table');
  const head = body.createTHead().insertRow();
  for (const title of ['from', ...series.map(one => one.name)]) {
    head.append(Object.assign(document.createElement('th'), { textContent: title, scope: 'col' }));
  }

  const rows = body.createTBody();
  labels.forEach((label, index) => {
    const row = rows.insertRow();
    for (const text of [label, ...series.map(({ values }) => values[index] == null ? '–' : format(values[index]))]) {
      row.insertCell().textContent = text;
    }
  });
  details.append(summary, body);
  return details;
}

/** Draws bars. */
export function drawBars(place, labels, name, values) {
  const top = round(Math.max(...values, 2));
  const root = frame(labels, top, value => `${value}`);
  const width = PLOT_WIDTH / labels.length * 0.7;
  values.forEach((value, index) => {
    const bar = svg('rect', {
      x: xOf(index, labels.length) - width / 2, y: yOf(value, top), width, height: PLOT_HEIGHT * value / top, class: 'bar',
    });
    bar.append(svg('title', {}, `${labels[index]}: ${value}`));
    root.append(bar);
  });
  place.replaceChildren(root, table(labels, [{ name, values }], value => `${value}`));
}

/** Draws lines, each with its points; a value of null is a gap. */
export function drawLines(place, labels, series, format, top = null) {
  const largest = top ?? round(Math.max(...series.flatMap(one => one.values.map(value => value ?? 0)), 2));
  const root = frame(labels, largest, format);
  series.forEach(({ name, values }, number) => {
    const points = values.map((value, index) => value == null ? null : [xOf(index, labels.length), yOf(value, largest)]);
    const path = points.map((point, index) => point && `${points[index - 1] ? 'L' : 'M'}${point[0]} ${point[1]}`).filter(Boolean).join(' ');
    root.append(svg('path', { d: path || 'M0 0', class: `line series-${number}` }));
    points.forEach((point, index) => {
      if (point) {
        const dot = svg('circle', { cx: point[0], cy: point[1], r: 3, class: `dot series-${number}` });
        dot.append(svg('title', {}, `${labels[index]}, ${name}: ${format(values[index])}`));
        root.append(dot);
      }
    });
  });
  place.replaceChildren(root, table(labels, series, format));
}
