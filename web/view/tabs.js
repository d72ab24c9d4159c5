/**
 * Tabs: where there is no room for three panes side by side, one is shown at a time, and the
 * others still say how late they are.
 *
 * @typedef {{ id: string, label: () => { glyph: string, name: string, figure: string },
 *             family: () => string, element: HTMLElement }} Tab
 */
import { h, setText } from './dom.js';

/** @param {Tab[]} tabs */
export function mountTabs(tabs) {
  const buttons = tabs.map(({ id }, index) => {
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
        'onclick': () => select(index),
        'onkeydown': (/** @type {KeyboardEvent} */ { key }) => {
          const step = { ArrowLeft: -1, ArrowRight: 1 }[key];
          if (step) select((index + step + tabs.length) % tabs.length, true);
        },
      },
      glyph,
      name,
      figure,
    );
    return { button, glyph, name, figure };
  });

  /** @param {number} chosen @param {boolean} [focus] */
  function select(chosen, focus = false) {
    for (const [index, { button }] of buttons.entries()) {
      button.setAttribute('aria-selected', String(index === chosen));
      button.tabIndex = index === chosen ? 0 : -1;
      tabs[index]?.element.classList.toggle('chosen', index === chosen);
      if (focus && index === chosen) button.focus();
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
      for (const [index, { button, glyph, name, figure }] of buttons.entries()) {
        const tab = tabs[index];
        if (!tab) continue;
        const label = tab.label();
        button.dataset.family = tab.family();
        setText(glyph, label.glyph);
        setText(name, label.name);
        setText(figure, label.figure);
      }
    },
  };
}
