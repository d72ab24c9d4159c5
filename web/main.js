/** The page: puts the lab and its views together. */
import { durationText } from './core/format.js';
import { createLab, figures } from './core/lab.js';
import { mountComposer } from './view/composer.js';
import { h, setText } from './view/dom.js';
import { FAMILIES, mountPane } from './view/pane.js';
import { mountStatus } from './view/status.js';
import { mountTabs } from './view/tabs.js';

const TICK_MS = 500;

const { element: statusLine, announce } = mountStatus();

const lab = createLab({
  onHistory: (messages) => panes.forEach((pane) => pane.showHistory(messages)),
  onChange: () => draw(),
  onProblem: (problem) => composer.refused(problem),
});

const composer = mountComposer(lab, announce);

const panes = lab.panes.map(({ id, subscriber }) =>
  mountPane(id, subscriber, {
    onText: composer.showText,
    onNewLog: composer.forget,
    announce,
  }),
);

const tabs = mountTabs(
  lab.panes.map(({ id, subscriber }, index) => {
    const element = /** @type {HTMLElement} */ (panes[index]?.element);
    const family = () => panes[index]?.family ?? 'poll';
    const label = () => ({
      ...FAMILIES[family()],
      figure: durationText(figures(subscriber).latency.p50),
    });
    return { id, element, family, label };
  }),
);

const toggle = h('button', {
  'class': 'go',
  'data-testid': 'toggle',
  'onclick': () => (lab.running ? lab.stop() : start()),
});

const reset = h(
  'button',
  {
    'class': 'quiet',
    'data-testid': 'reset',
    'onclick': () => {
      lab.reset();
      for (const pane of panes) pane.clear();
      announce('Stopped, and all counters are 0.');
    },
  },
  'Reset',
);

function start() {
  lab.start().catch((error) => announce(`Not started: ${error.message}`));
}

function draw() {
  setText(toggle, lab.running ? 'Stop' : 'Start');
  composer.draw();
}

document.querySelector('.top')?.append(statusLine, reset, toggle);
document.querySelector('main')?.append(composer.element, tabs.element, ...panes.map((p) => p.element));

draw();
start();

setInterval(() => {
  for (const pane of panes) pane.tick();
  tabs.draw();
}, TICK_MS);
tabs.draw();

// A page with an open socket is not kept in the back/forward cache; one that closes its
// socket is, and goes on from its cursors when it comes back.
let interrupted = false;
addEventListener('pagehide', () => {
  interrupted = lab.running;
  lab.stop();
});
addEventListener('pageshow', ({ persisted }) => {
  if (persisted && interrupted) start();
});

Object.assign(window, { lab: { state: lab.state } });
