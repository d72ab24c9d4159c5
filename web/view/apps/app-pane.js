/**
 * A pane of an app: its transport, what the run has cost so far, and the app.
 *
 * @typedef {import('../../model/meters.js').ByteCounts} ByteCounts
 * @typedef {import('../../model/stats.js').Stats} Stats
 * @typedef {import('../../model/types.js').TransportId} TransportId
 * @typedef {import('../../session/apps/context.js').Offer} Offer
 * @typedef {import('../../session/subscriber.js').Subscriber} Subscriber
 *
 * @typedef {object} AppView
 * @property {HTMLElement} element
 * @property {(model: any) => void} draw
 * @property {(lost: string) => void} insert what was offered
 */
import { bytes, count, durationText } from '../../model/format.js';
import { latencySummary } from '../../model/stats.js';
import { kindOf } from '../../model/types.js';
import { transportIds, transports } from '../../transports/index.js';
import { h, setText } from '../dom.js';
import { KIND_LABELS } from '../kinds.js';

/** @param {Subscriber} subscriber @param {(showError: (reason: string) => void) => AppView} mountApp */
export function mountAppPane(subscriber, mountApp) {
  const glyph = h('span', { 'class': 'glyph', 'aria-hidden': 'true' });
  const select = mountSelect(subscriber);
  const status = h('span', { 'class': 'app-status', 'data-testid': 'app-status' });
  const figures = h('span', { 'class': 'app-figures', 'data-testid': 'app-figures' });
  const error = h('p', { class: 'app-error', role: 'alert', hidden: true });
  const showError = (/** @type {string} */ reason) => {
    setText(error, reason);
    error.hidden = reason === '';
  };
  const view = mountApp(showError);
  const offers = mountOffers((lost) => view.insert(lost));
  const element = h(
    'section',
    { class: 'app-pane' },
    h('header', {}, h('label', {}, glyph, select), status, figures),
    error,
    offers.element,
    view.element,
  );
  return {
    element,
    offer: offers.show,
    showError,
    /** @param {{ pending: number, isReady: boolean } | undefined} model @param {Stats} stats
     *  @param {ByteCounts} byteCounts */
    draw(model, stats, byteCounts) {
      const kind = kindOf(subscriber.transport);
      element.dataset.kind = kind;
      setText(glyph, KIND_LABELS[kind].glyph);
      if (select.value !== subscriber.transport) select.value = subscriber.transport;
      setText(status, statusText(model, stats));
      setText(figures, figuresText(stats, byteCounts));
      if (model) view.draw(model);
    },
  };
}

/** @param {Subscriber} subscriber */
function mountSelect(subscriber) {
  const select = h(
    'select',
    {
      'aria-label': 'Transport',
      'data-testid': 'app-transport',
      'onchange': () => subscriber.change({ transport: /** @type {TransportId} */ (select.value) }),
    },
    ...transportIds.map((value) => h('option', { value }, optionLabel(value))),
  );
  return select;
}

/** @param {TransportId} id */
function optionLabel(id) {
  const kind = kindOf(id);
  return kind === 'poll' ? `Polling, ${transports[id].label}` : KIND_LABELS[kind].name;
}

/** @param {{ pending: number, isReady: boolean } | undefined} model @param {Stats} stats */
function statusText(model, { state, gaps }) {
  if (!model?.isReady) return 'reading the log …';
  const connection = state === 'retrying' || state === 'connecting' ? 'not connected, retrying · ' : '';
  const gap = gaps > 0 ? ` · ${count(gaps)} ${gaps > 1 ? 'gaps' : 'gap'}` : '';
  if (model.pending === 0) return `${connection}everything is in the log${gap}`;
  return `${connection}${count(model.pending)} ${model.pending > 1 ? 'changes' : 'change'} not confirmed yet${gap}`;
}

/** @param {Stats} stats @param {ByteCounts} byteCounts */
function figuresText({ segment }, { up, down }) {
  const { p50, n } = latencySummary(segment);
  const size = up === null || down === null ? '' : ` · ${bytes(up)} up, ${bytes(down)} down`;
  const latency = n > 0 ? ` · median ${durationText(p50)}` : '';
  return `${count(segment.requests)} ${segment.requests === 1 ? 'request' : 'requests'}${size}${latency}`;
}

/** What could not be kept is offered back. @param {(lost: string) => void} insert */
function mountOffers(insert) {
  const element = h('div', { class: 'app-offers' });
  return {
    element,
    /** @param {Offer} offer */
    show({ reason, text }) {
      const remove = () => card.remove();
      const insertText = () => {
        insert(text);
        remove();
      };
      const card = h(
        'div',
        { 'class': 'app-offer', 'role': 'alert', 'data-testid': 'app-offer' },
        h('p', {}, `${reason}. Nothing is lost:`),
        h('blockquote', {}, text),
        h('button', { type: 'button', onclick: insertText }, 'Insert it again'),
        h('button', { type: 'button', class: 'secondary', onclick: remove }, 'Dismiss'),
      );
      element.append(card);
    },
  };
}
