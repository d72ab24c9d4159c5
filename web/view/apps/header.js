/**
 * The header of the apps' page: the other apps, the name of its user, and the network.
 *
 * @typedef {import('../../session/connection.js').Connection} Connection
 */
import { mountThemes } from '../decide/themes.js';
import { h, setText } from '../dom.js';
import { mountNameInput } from '../chat-form.js';

/** @param {string} current label of the app @param {boolean} hasThreePanes
 *  @param {() => Connection} connection */
export function mountAppHeader(current, hasThreePanes, connection) {
  const nav = h(
    'nav',
    { 'class': 'app-nav', 'aria-label': 'Apps' },
    h('a', { class: 'button', href: '/' }, 'Lessons'),
    ...['Chat', 'Board', 'Document'].map((label) => link(label, label.toLowerCase(), hasThreePanes, label === current)),
  );
  const panes = h(
    'a',
    { class: 'button panes-link', href: `/?app=${current.toLowerCase()}&transport=${hasThreePanes ? 'ws' : 'all'}` },
    hasThreePanes ? 'One pane' : 'Three panes',
  );
  const name = mountNameInput();
  const online = h('span', { class: 'online-count' });
  const network = h(
    'button',
    { 'type': 'button', 'class': 'secondary', 'data-testid': 'app-link', 'onclick': () => connection().link.set(!connection().link.down) },
  );
  const themes = mountThemes();
  return {
    keys: themes.keys,
    elements: [nav, h('label', { class: 'app-name' }, 'I am ', name), online, panes, network, ...themes.elements],
    name: () => name.value,
    draw() {
      const { online: pages, link: { down } } = connection();
      setText(online, `${pages} online`);
      online.hidden = pages === 0;
      setText(network, down ? 'Network up again' : 'Network down');
      network.setAttribute('aria-pressed', String(down));
    },
  };
}

/** @param {string} label @param {string} app @param {boolean} hasThreePanes @param {boolean} isCurrent */
function link(label, app, hasThreePanes, isCurrent) {
  const href = `/?app=${app}${hasThreePanes ? '&transport=all' : ''}`;
  return h('a', { class: 'button', href, ...(isCurrent ? { 'aria-current': 'page' } : {}) }, label);
}
