/**
 * The invitation: what to do on an empty page.
 *
 * @typedef {import('../session/lab.js').Lab} Lab
 */
import { h } from './dom.js';

/** @param {() => void} runFirstLesson */
export function mountInvitation(runFirstLesson) {
  const element = h(
    'p',
    { class: 'invitation' },
    'Type a line: it is published once, and arrives three times. Or ',
    h('button', { 'data-testid': 'first-lesson', 'onclick': runFirstLesson }, 'Run the first lesson'),
  );
  return {
    element,
    /** @param {Lab} lab */
    draw({ settings, timeline, panes }) {
      const { published } = timeline.pageStats;
      const isEmpty = panes.every(({ id }) => timeline.stats(id).shown === 0);
      element.hidden = settings.preset !== null || published > 0 || !isEmpty;
    },
  };
}
