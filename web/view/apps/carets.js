/**
 * The carets and selections of others: a copy of the text under the text area, of which only
 * the carets are visible.
 *
 * @typedef {import('../../session/apps/carets.js').Caret} Caret
 * @typedef {import('../../session/apps/document.js').DocumentModel} DocumentModel
 * @typedef {{ at: number, caret: Caret, color: number }} Mark
 */
import { h } from '../dom.js';

/** Colors of carets, in apps.css; a name is always next to them. */
const COLORS = 6;

export function mountCarets() {
  const element = h('div', { 'class': 'carets', 'aria-hidden': 'true' });
  let drawn = '';
  let top = 0;

  return {
    element,
    /** @param {DocumentModel} model @param {{ value: string }[]} shown */
    draw(model, shown) {
      const { editor } = model;
      const positions = model.carets().map((caret) => ({
        caret,
        color: colorOf(caret.author),
        from: Math.min(editor.indexOf(caret.anchor), editor.indexOf(caret.head)),
        to: Math.max(editor.indexOf(caret.anchor), editor.indexOf(caret.head)),
        at: editor.indexOf(caret.head),
      }));
      const key = positions.length > 0 ? JSON.stringify([positions, editor.text]) : '';
      if (key === drawn) return;
      drawn = key;
      element.replaceChildren(...(key === '' ? [] : layer(positions, shown)));
      element.scrollTop = top;
    },
    /** @param {number} scrollTop */
    scrollTo(scrollTop) {
      top = scrollTop;
      element.scrollTop = top;
    },
  };
}

/** @param {string} author */
function colorOf(author) {
  const sum = [...author].reduce((hash, letter) => (hash * 31 + letter.charCodeAt(0)) % 9973, 7);
  return sum % COLORS;
}

/** The text with its marks. @param {{ caret: Caret, color: number, from: number, to: number, at: number }[]} positions
 *  @param {{ value: string }[]} shown */
function layer(positions, shown) {
  const marked = positions.flatMap(({ from, to, at }) => [from, to, at]);
  const edges = [...new Set([...marked, shown.length])].sort((a, b) => a - b);
  /** @type {Node[]} */
  const nodes = [];
  let index = 0;
  for (const edge of edges) {
    if (edge > index) nodes.push(piece(positions, shown, index, edge));
    for (const { caret, color, at } of positions) if (at === edge) nodes.push(mark(caret, color));
    index = Math.max(index, edge);
  }
  nodes.push(document.createTextNode('\u200b'));
  return nodes;
}

/** @param {{ color: number, from: number, to: number }[]} positions @param {{ value: string }[]} shown
 *  @param {number} from @param {number} to */
function piece(positions, shown, from, to) {
  const text = shown.slice(from, to).map(({ value }) => value).join('');
  const selection = positions.find((one) => one.from <= from && one.to >= to);
  return selection ? h('span', { 'class': 'selected', 'data-color': selection.color }, text) : document.createTextNode(text);
}

/** @param {Caret} caret @param {number} color */
function mark({ name }, color) {
  return h('span', { 'class': 'caret', 'data-color': color, 'data-testid': 'app-caret' }, h('i', {}, name || 'guest'));
}
