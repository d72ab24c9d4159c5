/**
 * The recommendation: one technique, why, and what would change it.
 *
 * @typedef {import('../../model/decide.js').Advice} Advice
 * @typedef {import('../../model/decide.js').Flip} Flip
 * @typedef {import('../../model/decide-inputs.js').Inputs} Inputs
 * @typedef {ReturnType<typeof import('../../model/decide.js').proxyFlipsOf>} ProxyFlips
 */
import { h, setText } from '../dom.js';
import { KIND_LABELS } from '../kinds.js';
import { flipText, noteTexts, proxyFlipText, reasonText } from './advice-text.js';

export function mountAdvice() {
  const name = h('span', { 'role': 'status', 'data-testid': 'decide-advice-name' });
  const reason = h('p', { 'class': 'advice-reason', 'data-testid': 'decide-reason' });
  const flips = h('ul', { 'data-testid': 'decide-flips' });
  const notes = h('ul', { 'class': 'advice-notes', 'data-testid': 'decide-notes' });
  const changes = h('div', {}, h('h3', {}, 'What would change it'), flips);
  const element = h(
    'section',
    { 'class': 'advice', 'aria-label': 'Recommendation', 'data-testid': 'decide-advice' },
    h('div', {}, h('p', { class: 'hint' }, 'Recommended for your application'), h('h2', { class: 'advice-name' }, name), reason, notes),
    changes,
  );
  return {
    element,
    /** @param {Inputs} inputs @param {Advice} advice @param {Flip[]} flipsOfInputs @param {ProxyFlips} proxyFlips */
    draw(inputs, advice, flipsOfInputs, proxyFlips) {
      element.dataset.kind = advice.kind ?? 'none';
      const label = advice.kind && KIND_LABELS[advice.kind];
      setText(name, label ? `${label.glyph} ${label.name}` : 'None of the three');
      setText(reason, reasonText(inputs, advice));
      notes.replaceChildren(...noteTexts(inputs, advice).map((text) => h('li', {}, text)));
      const items = [
        ...flipsOfInputs.map((flip) => flipItem(flipText(flip, inputs), `${flip.name}-${flip.side}`)),
        ...proxyFlips.map((flip) => flipItem(proxyFlipText(flip), `proxies-${flip.proxies}`)),
      ];
      const none = h('li', {}, 'Nothing, within the range of a single input.');
      flips.replaceChildren(...(items.length > 0 ? items : [none]));
    },
  };
}

/** @param {string} text @param {string} id */
const flipItem = (text, id) => h('li', { 'data-testid': `decide-flip-${id}` }, text);
