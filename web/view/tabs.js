/**
 * Tabs: on narrow screens one pane is shown at a time, and the tabs show the median of each.
 *
 * @typedef {import('../model/types.js').TransportKind} TransportKind
 *
 * @typedef {object} Tab
 * @property {string} id
 * @property {HTMLElement} element the pane
 * @property {() => TransportKind} kind
 * @property {() => { glyph: string, name: string, figure: string }} label
 */
import { h, setText } from './dom.js';

/** @param {Tab[]} tabs */
export function mountTabs(tabs) {
  const buttons = tabs.map((tab, index) => {
    /** @param {number} step */
    const moveFocus = (step) => select((index + step + tabs.length) % tabs.length, true);
    return mountTab(tab, () => select(index), moveFocus);
  });

  /** @param {number} selected @param {boolean} [focus] */
  function select(selected, focus = false) {
    for (const [index, { button }] of buttons.entries()) {
      const isSelected = index === selected;
      button.setAttribute('aria-selected', String(isSelected));
      button.tabIndex = isSelected ? 0 : -1;
      tabs[index]?.element.classList.toggle('selected', isSelected);
      if (focus && isSelected) button.focus();
    }
  }
  select(0);

  return {
    element: h(
      'div',
      { 'class': 'tabs', 'role': 'tablist', 'aria-label': 'Panes' },
      ...buttons.map(({ button }) => button),
    ),
    draw() {
      for (const { draw } of buttons) draw();
    },
  };
}

/** @param {Tab} tab @param {() => void} onSelect @param {(step: number) => void} onArrow */
function mountTab({ id, kind, label }, onSelect, onArrow) {
  const glyph = h('span', { 'class': 'glyph', 'aria-hidden': 'true' });
  const name = h('span');
  const figure = h('b');
  const button = h(
    'button',
    {
      'role': 'tab',
      'id': `tab-${id}`,
      'aria-controls': `pane-${id}`,
      'data-testid': `tab-${id}`,
      'onclick': onSelect,
      'onkeydown': (/** @type {KeyboardEvent} */ { key }) => {
        const step = { ArrowLeft: -1, ArrowRight: 1 }[key];
        if (step) onArrow(step);
      },
    },
    glyph,
    name,
    figure,
  );

  function draw() {
    const text = label();
    button.dataset.kind = kind();
    setText(glyph, text.glyph);
    setText(name, text.name);
    setText(figure, text.figure);
  }

  return { button, draw };
}
