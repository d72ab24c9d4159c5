/** The page of the apps: a chat, a board or a document, on one transport or on all three. */
import { kindOf } from './model/types.js';
import { AppSession } from './session/app-session.js';
import { appStateOf } from './session/app-state.js';
import { transportIds } from './transports/index.js';
import { mountAppPane } from './view/apps/app-pane.js';
import { APPS } from './view/apps/apps.js';
import { mountAppHeader } from './view/apps/header.js';
import { mountWholeText } from './view/apps/whole-text.js';
import { h } from './view/dom.js';
import { listenToKeys } from './view/keys.js';
import { KIND_LABELS } from './view/kinds.js';
import { mountStatus } from './view/status.js';
import { readStorage, writeStorage } from './view/storage.js';

/**
 * @typedef {import('./model/types.js').Message} Message
 * @typedef {import('./model/types.js').PaneId} PaneId
 * @typedef {import('./model/types.js').TransportId} TransportId
 */

/** How often figures are drawn although nothing happens. */
const DRAW_INTERVAL_MS = 500;

/** A notice is not replaced for this long by what others have done meanwhile. */
const NOTICE_MS = 10_000;

let noticeAt = -Infinity;

const params = new URLSearchParams(location.search);
const name = params.get('app') ?? '';
const app = APPS[name] ?? APPS.document;
const transports = transportsOf(params.get('transport'));

/** @param {string | null} requested @returns {TransportId[]} */
function transportsOf(requested) {
  if (requested === 'all') return ['interval', 'longpoll', 'ws'];
  const id = requested === 'poll' ? 'interval' : requested;
  return [transportIds.find((one) => one === id) ?? 'ws'];
}

const { element: statusLine, announce, readAloud } = mountStatus();
const header = mountAppHeader(app?.label ?? '', transports.length > 1, () => session.connection);

/** @param {PaneId} id @returns {string} */
function senderName(id) {
  return transports.length > 1 ? `${header.name()} (${KIND_LABELS[kindOf(subscriberOf(id).transport)].name})` : header.name();
}

const session = new AppSession(app?.label.toLowerCase() ?? '', transports, app?.createModel ?? (() => null), {
  onChange: scheduleDraw,
  onNotice(_, text) {
    noticeAt = performance.now();
    announce(text);
  },
  onOffer: (id, offer) => panes.get(id)?.offer(offer),
  onMessages,
  senderName,
  read: readStorage,
  write: writeStorage,
});
/** @param {PaneId} id @returns {import('./session/subscriber.js').Subscriber} */
function subscriberOf(id) {
  const pane = session.panes.find((one) => one.id === id);
  if (!pane) throw new Error(`no pane ${id}`);
  return pane.subscriber;
}

const panes = new Map(
  session.panes.map(({ id, subscriber }) => [id, mountAppPane(subscriber, (showError) => /** @type {any} */ (app).mount(showError))]),
);
const wholeText = app === APPS.document && transports.length === 1 ? mountWholeText(session, header.name, announce) : null;

/** @param {PaneId} id @param {Message[]} messages @param {boolean} isNew */
function onMessages(id, messages, isNew) {
  if (id !== session.panes[0]?.id) return;
  wholeText?.receive(messages);
  const others = messages.filter((one) => app?.kinds.includes(one.kind) && !session.isOwn(one.id));
  const authors = [...new Set(others.map(({ sender }) => sender || 'A guest'))];
  const hasNotice = performance.now() - noticeAt < NOTICE_MS; // it says more
  if (isNew && authors.length > 0 && !hasNotice) readAloud(`${authors.slice(0, 3).join(', ')} ${app?.verb}`);
}

let isScheduled = false;

function scheduleDraw() {
  if (isScheduled) return;
  isScheduled = true;
  requestAnimationFrame(draw);
}

function draw() {
  isScheduled = false;
  for (const [id, pane] of panes) pane.draw(session.model(id), session.timeline.stats(id), session.bytesOf(id));
  wholeText?.draw();
  header.draw();
}

document.querySelector('.top')?.append(...header.elements);
const main = document.querySelector('main');
main?.setAttribute('data-panes', String(panes.size + (wholeText ? 1 : 0)));
main?.append(
  ...[...panes.values()].map(({ element }) => element),
  ...(wholeText ? [wholeText.element] : []),
  h('p', { class: 'app-advice' }, app?.advice ?? ''),
);
document.body.append(statusLine);
listenToKeys(header.keys, () => true);

setInterval(scheduleDraw, DRAW_INTERVAL_MS);
document.addEventListener('visibilitychange', () => session.visibilityChanged());
addEventListener('pagehide', () => {
  session.store();
  session.stop();
});
addEventListener('pageshow', ({ persisted }) => persisted && location.reload());
session.start();

Object.assign(window, { lab: { state: () => appStateOf(name, session) } });
