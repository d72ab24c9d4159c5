/** The page "Which one should I take?": inputs, a recommendation, figures, and a chart. */
import { decide, flipsOf, proxyFlipsOf } from './model/decide.js';
import { parseInputs, toQuery } from './model/decide-inputs.js';
import { isFileInterval, withFileInterval } from './model/file-interval.js';
import { mountAdvice } from './view/decide/advice.js';
import { mountChart } from './view/decide/chart.js';
import { mountFigures } from './view/decide/figures.js';
import { mountForm } from './view/decide/form.js';
import { ruleSection } from './view/decide/rule.js';
import { mountSweepLoader } from './view/decide/sweep-loader.js';
import { mountThemes } from './view/decide/themes.js';
import { h } from './view/dom.js';
import { listenToKeys } from './view/keys.js';

/** The address follows a slider that moves, but Safari allows 100 changes in 30 s only. */
const ADDRESS_INTERVAL_MS = 350;

let { inputs, problems } = parseInputs(location.search);
/** @type {import('./model/sweep.js').Sweep | null} */
let sweep = null;
/** @type {import('./model/file-interval.js').FileInterval | null} */
let fileInterval = null;

const form = mountForm((change, messages) => {
  inputs = { ...inputs, ...change };
  problems = messages;
  scheduleAddress();
  draw();
});
const loader = mountSweepLoader(document.body, (loaded) => {
  sweep = loaded;
  ({ inputs, fileInterval } = withFileInterval(inputs, sweep, fileInterval));
  scheduleAddress();
  draw();
});
const advice = mountAdvice();
const figures = mountFigures();
const chart = mountChart();

function draw() {
  const decision = decide(inputs, sweep);
  form.draw(inputs, problems);
  loader.draw(inputs, sweep, isFileInterval(inputs, fileInterval));
  advice.draw(inputs, decision, flipsOf(inputs, sweep), proxyFlipsOf(inputs, sweep));
  figures.draw(inputs, decision);
  chart.draw(inputs, sweep);
}

/** @type {ReturnType<typeof setTimeout> | undefined} */
let addressTimer;

function scheduleAddress() {
  addressTimer ??= setTimeout(() => {
    addressTimer = undefined;
    history.replaceState(null, '', toQuery(inputs));
  }, ADDRESS_INTERVAL_MS);
}

const themes = mountThemes();
listenToKeys(themes.keys, () => true);
document.querySelector('.top')?.append(...themes.elements);
document.querySelector('main')?.append(
  h('div', { class: 'decide-inputs' }, form.element, loader.element),
  h('div', { class: 'decide-results' }, advice.element, figures.element, chart.element, ruleSection()),
);
draw();
