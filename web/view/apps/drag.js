/**
 * Dragging cards with a mouse, a pen or a finger. A finger drags by the handle, because it
 * scrolls everywhere else.
 *
 * @typedef {{ card: HTMLElement, x: number, y: number, isMoving: boolean }} Drag
 */
import { h } from '../dom.js';

/** A shorter movement is a click. */
const MIN_DISTANCE = 5;

/** @param {HTMLElement} board @param {(card: string, column: string, index: number) => void} onDrop */
export function enableDragging(board, onDrop) {
  const marker = h('li', { 'class': 'drop-marker', 'aria-hidden': 'true' });
  /** @type {Drag | null} */
  let drag = null;

  board.addEventListener('pointerdown', (event) => {
    const card = cardOf(event);
    if (!card || event.button !== 0) return;
    drag = { card, x: event.clientX, y: event.clientY, isMoving: false };
    board.setPointerCapture(event.pointerId);
  });

  board.addEventListener('pointermove', ({ clientX, clientY }) => {
    if (!drag) return;
    const [x, y] = [clientX - drag.x, clientY - drag.y];
    drag.isMoving ||= Math.hypot(x, y) > MIN_DISTANCE;
    if (!drag.isMoving) return;
    drag.card.classList.add('dragged');
    drag.card.style.translate = `${x}px ${y}px`;
    const target = targetAt(board, drag.card, clientX, clientY);
    target?.list.insertBefore(marker, target.before);
  });

  /** @param {PointerEvent} event */
  function end(event) {
    if (!drag) return;
    const { card, isMoving } = drag;
    drag = null;
    card.classList.remove('dragged');
    card.style.translate = '';
    marker.remove();
    const target = targetAt(board, card, event.clientX, event.clientY);
    if (event.type === 'pointerup' && isMoving && target) onDrop(card.dataset.card ?? '', target.column, target.index);
  }
  board.addEventListener('pointerup', end);
  board.addEventListener('pointercancel', end);
}

/** The card that an event starts to drag. @param {PointerEvent} event @returns {HTMLElement | null} */
function cardOf({ target, pointerType }) {
  if (!(target instanceof Element)) return null;
  const isHandle = target.closest('.handle') !== null;
  if (!isHandle && (pointerType === 'touch' || target.closest('button, input, textarea, a, form'))) return null;
  return target.closest('[data-card]');
}

/** Where a card would be dropped. @param {HTMLElement} board @param {HTMLElement} card
 * @param {number} x @param {number} y */
function targetAt(board, card, x, y) {
  const column = [...board.querySelectorAll('[data-column]')].find((one) => {
    const { left, right, top, bottom } = one.getBoundingClientRect();
    return x >= left && x <= right && y >= top - 40 && y <= bottom + 40;
  });
  const list = column?.querySelector('ol');
  if (!(column instanceof HTMLElement) || !list) return null;
  const others = [...list.querySelectorAll('[data-card]')].filter((one) => one !== card);
  const index = others.filter((one) => {
    const { top, height } = one.getBoundingClientRect();
    return top + height / 2 < y;
  }).length;
  return { column: column.dataset.column ?? '', list, index, before: others[index] ?? null };
}
