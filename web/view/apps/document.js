/**
 * The document: a text area, and behind it a layer with the carets of others.
 *
 * @typedef {import('../../session/apps/document.js').DocumentModel} DocumentModel
 */
import { replacementOf, toCodePoints, toUnits } from '../../apps/text-diff.js';
import { count } from '../../model/format.js';
import { h, setText } from '../dom.js';
import { save } from '../save.js';
import { mountCarets } from './carets.js';

/** @param {(reason: string) => void} showError */
export function mountDocument(showError) {
  /** @type {DocumentModel | undefined} */
  let model;
  let isComposing = false;
  /** What the text area shows. @type {{ id: string, value: string }[]} */
  let shown = [];
  let text = '';

  const area = h('textarea', {
    'class': 'document-text',
    'aria-label': 'Document',
    'dir': 'auto',
    'readonly': true,
    'placeholder': 'One text for all: type here',
    'data-testid': 'app-document',
    'onbeforeinput': onBeforeInput,
    'oninput': applyInput,
    'onkeydown': onKeyDown,
    'onscroll': () => carets.scrollTo(area.scrollTop),
    'oncompositionstart': () => (isComposing = true),
    'oncompositionend': () => {
      isComposing = false;
      applyInput();
    },
  });
  const carets = mountCarets();
  const size = h('span', { class: 'hint' });

  /** A remote change inside a composition would end it, so it waits. */
  function applyInput() {
    if (isComposing || !model) return;
    const { start, end, text: inserted } = replacementOf(text, area.value, area.selectionEnd);
    if (start === end && inserted === '') return;
    try {
      model.replace(toCodePoints(text, start), toCodePoints(text, end), inserted);
      showError('');
    } catch (error) {
      showError(/** @type {Error} */ (error).message);
    }
    show();
  }

  /** Writes the document into the text area. The selection stays at its characters. */
  function show() {
    if (!model || isComposing) return;
    const { editor } = model;
    if (editor.shown !== shown) {
      const anchors = [area.selectionStart, area.selectionEnd].map((index) => {
        const position = toCodePoints(text, Math.min(index, text.length));
        return shown[position - 1]?.id ?? '';
      });
      const isOwnInput = area.value === editor.text;
      shown = editor.shown;
      text = editor.text;
      if (!isOwnInput) {
        area.value = text;
        const [start = 0, end = 0] = anchors.map((id) => toUnits(shown, editor.indexOf(id)));
        area.setSelectionRange(start, end);
      }
    }
    carets.draw(model, shown);
  }

  /** @param {InputEvent} event */
  function onBeforeInput(event) {
    if (event.inputType !== 'historyUndo' && event.inputType !== 'historyRedo') return;
    event.preventDefault();
    step(event.inputType === 'historyUndo' ? 'undo' : 'redo');
  }

  /** @param {KeyboardEvent} event */
  function onKeyDown(event) {
    if (!(event.ctrlKey || event.metaKey) || event.altKey) return;
    const key = event.key.toLowerCase();
    if (key !== 'z' && key !== 'y') return;
    event.preventDefault();
    step(key === 'z' && !event.shiftKey ? 'undo' : 'redo');
  }

  /** @param {'undo' | 'redo'} command */
  function step(command) {
    if (isComposing || !model?.isReady) return;
    model[command]();
    show();
  }

  document.addEventListener('selectionchange', () => {
    if (document.activeElement !== area || isComposing || area.value !== text) return;
    model?.select(toCodePoints(text, area.selectionStart), toCodePoints(text, area.selectionEnd));
  });

  const exportButton = button('Export as text', () => save('document.txt', 'text/plain', text));
  const commands = h(
    'p',
    { class: 'app-commands' },
    button('Undo', () => step('undo')),
    button('Redo', () => step('redo')),
    exportButton,
    size,
  );
  return {
    element: h('div', { class: 'document' }, h('div', { class: 'document-paper' }, carets.element, area), commands),
    /** @param {DocumentModel} current */
    draw(current) {
      model = current;
      area.readOnly = !model.isReady;
      area.setAttribute('aria-busy', String(!model.isReady));
      show();
      setText(size, `${count(shown.length)} characters`);
    },
    /** @param {string} lost */
    insert(lost) {
      model?.replace(shown.length, shown.length, shown.length > 0 ? `\n${lost}` : lost);
      show();
    },
  };
}

/** @param {string} name @param {() => void} onclick */
function button(name, onclick) {
  return h('button', { type: 'button', class: 'secondary', onclick }, name);
}
