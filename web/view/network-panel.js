/**
 * The network panel of free mode: a simulated network for all panes, or for one, that can be
 * changed while they run.
 *
 * @typedef {import('../model/network.js').Network} Network
 * @typedef {import('../model/types.js').PaneId} PaneId
 * @typedef {import('../session/lab.js').Lab} Lab
 * @typedef {keyof typeof NETWORK_LIMITS} FieldId
 */
import { FAULTS, NETWORK_LIMITS, PROFILES } from '../model/network.js';
import { h } from './dom.js';
import { mountNumberInput } from './number-input.js';

/** @type {Record<FieldId, string>} */
const LABELS = { up: 'up', down: 'down', jitter: 'jitter', loss: 'loss', faultShare: 'of requests' };

/** In percent, once a fault is chosen. */
const DEFAULT_FAULT_SHARE = 20;

const HINT =
  'Loss: a lost segment costs a retransmission (RFC 6298). Over a WebSocket everything behind it waits; ' +
  'of separate polls only one is late. The server adds the time; the bytes are unchanged.';

/** @param {Lab} lab @param {() => void} toggleLink @param {() => void} toggle opens and closes it */
export function mountNetworkPanel(lab, toggleLink, toggle) {
  const controls = { ...mountSelects(lab), fields: mountFields(apply) };
  const { target, profile, fault, fields } = controls;
  const outage = h('button', { 'data-testid': 'network-outage', 'onclick': toggleLink }, 'Outage');
  const pane = () => /** @type {PaneId | null} */ (target.value || null);

  function apply() {
    const values = Object.fromEntries(Object.entries(fields).map(([id, { value }]) => [id, value]));
    lab.setNetwork({ ...values, fault: /** @type {Network['fault']} */ (fault.value) }, pane());
    draw();
  }

  function applyProfile() {
    const chosen = PROFILES.find(({ name }) => name === profile.value);
    if (chosen) lab.setNetwork(chosen.network, pane());
    draw();
  }

  function draw() {
    const { network, paneNetworks } = lab.settings;
    const id = pane();
    showNetwork((id && paneNetworks[id]) || network, controls);
    outage.setAttribute('aria-pressed', String(lab.connection.link.down));
  }

  profile.onchange = applyProfile;
  fault.onchange = apply;
  target.onchange = draw;
  const element = panelElement({ ...controls, outage });
  closeOnEscape(element, toggle);
  return { element, draw, moveFocus: createFocusMover(element, target) };
}

/** Moves the focus into the panel when it has opened, and back when it has closed.
 * @param {HTMLElement} panel @param {HTMLElement} first */
function createFocusMover(panel, first) {
  /** @type {Element | null} */
  let before = null;
  return () => {
    const isOpen = document.documentElement.dataset.network === 'on';
    if (isOpen && !panel.contains(document.activeElement)) {
      before = document.activeElement;
      first.focus();
    } else if (!isOpen && before instanceof HTMLElement) {
      if (before !== document.body) before.focus();
      else if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
      before = null;
    }
  };
}

/** Elsewhere Escape leaves a field. @param {HTMLElement} panel @param {() => void} close */
function closeOnEscape(panel, close) {
  panel.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape') return;
    event.stopPropagation();
    close();
  });
}

/** @param {Lab} lab */
function mountSelects({ panes }) {
  const profiles = PROFILES.map(({ name }) => [name, name]);
  return {
    target: mountSelect('network-pane', 'Panes', [
      ['', 'all panes'],
      ...panes.map(({ id }, index) => [id, `pane ${index + 1}`]),
    ]),
    profile: mountSelect('network-profile', 'Profile', [['', 'own values'], ...profiles]),
    fault: mountSelect('network-fault', 'Fault', FAULTS.map(({ value, label }) => [value, label])),
  };
}

/** @param {Network} network
 *  @param {ReturnType<typeof mountSelects> & { fields: ReturnType<typeof mountFields> }} controls */
function showNetwork(network, { profile, fault, fields }) {
  for (const [id, field] of Object.entries(fields)) {
    const value = network[/** @type {FieldId} */ (id)];
    field.show(value ?? (id === 'faultShare' ? DEFAULT_FAULT_SHARE : 0));
  }
  fault.value = network.fault ?? '';
  profile.value = PROFILES.find((one) => one.network === network)?.name ?? '';
}

/** @param {() => void} onChange */
function mountFields(onChange) {
  const field = (/** @type {FieldId} */ id, value = 0) => {
    const limits = { min: 0, ...NETWORK_LIMITS[id] };
    return mountNumberInput({ label: LABELS[id], testId: `network-${id}`, ...limits }, value, onChange);
  };
  return {
    up: field('up'),
    down: field('down'),
    jitter: field('jitter'),
    loss: field('loss'),
    faultShare: field('faultShare', DEFAULT_FAULT_SHARE),
  };
}

/** @param {{ target: HTMLElement, profile: HTMLElement, fault: HTMLElement, outage: HTMLElement,
 *             fields: ReturnType<typeof mountFields> }} parts */
function panelElement({ target, profile, fault, fields, outage }) {
  const labelled = (/** @type {FieldId} */ id) =>
    h('label', {}, LABELS[id], fields[id].element, NETWORK_LIMITS[id].unit);
  return h(
    'section',
    { 'class': 'network-panel', 'id': 'network-panel', 'aria-label': 'Simulated network', 'data-testid': 'network-panel' },
    h('b', {}, 'Network'),
    target,
    profile,
    labelled('up'),
    labelled('down'),
    labelled('jitter'),
    labelled('loss'),
    h('span', { class: 'network-faults' }, fault, labelled('faultShare')),
    outage,
    h('p', {}, HINT),
  );
}

/** @param {string} testId @param {string} label @param {string[][]} options value and text */
function mountSelect(testId, label, options) {
  return h(
    'select',
    { 'aria-label': label, 'data-testid': testId },
    ...options.map(([value = '', text = '']) => h('option', { value }, text)),
  );
}
