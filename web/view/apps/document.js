/**
 * The document: a text area, and behind it a layer with the carets of others.
 *
 * @typedef {import('../../session/apps/document.js').DocumentModel} DocumentModel
 */
import { START } from '../../apps/list.js';
import { replacementOf, toCodePoints, toUnits } from '../../apps/text-diff.js';
import { count } from '../../model/format.js';
import { h, setText } from '../dom.js';
import { save } from '../save.js';
import { mountCarets } from './carets.js';

export class DocumentView {
  /** @type {DocumentModel | undefined} */
  #model;
  #showError;
  #carets = mountCarets();
  #size = h('span', { class: 'hint' });
  #isComposing = false;
  /** What the text area shows. @type {{ id: string, value: string }[]} */
  #shown = [];
  #text = '';
  #area = h('textarea', {
    'class': 'document-text',
    'aria-label': 'Document',
    'dir': 'auto',
    'readonly': true,
    'placeholder': 'One text for all: type here',
    'data-testid': 'app-document',
    'onbeforeinput': (/** @type {InputEvent} */ event) => this.#onBeforeInput(event),
    'oninput': () => this.#applyInput(),
    'onkeydown': (/** @type {KeyboardEvent} */ event) => this.#onKeyDown(event),
    'onscroll': () => this.#carets.scrollTo(this.#area.scrollTop),
    'oncompositionstart': () => (this.#isComposing = true),
    'oncompositionend': () => {
      this.#isComposing = false;
      this.#applyInput();
    },
  });

  /** @param {(reason: string) => void} showError */
  constructor(showError) {
    this.#showError = showError;
    const commands = h(
      'p',
      { class: 'app-commands' },
      button('Undo', () => this.#step('undo')),
      button('Redo', () => this.#step('redo')),
      button('Export as text', () => save('document.txt', 'text/plain', this.#text)),
      this.#size,
    );
    const paper = h('div', { class: 'document-paper' }, this.#carets.element, this.#area);
    this.element = h('div', { class: 'document' }, paper, commands);
    document.addEventListener('selectionchange', () => this.#onSelectionChange());
  }

  /** @param {DocumentModel} model */
  draw(model) {
    this.#model = model;
    this.#area.readOnly = !model.isReady;
    this.#area.setAttribute('aria-busy', String(!model.isReady));
    this.#show();
    setText(this.#size, `${count(this.#shown.length)} characters`);
  }

  /** @param {string} lost */
  insert(lost) {
    const end = this.#shown.length;
    this.#model?.replace(end, end, end > 0 ? `\n${lost}` : lost, this.#shown);
    this.#show();
  }

  /** A remote change inside a composition would end it, so it waits. */
  #applyInput() {
    if (this.#isComposing || !this.#model) return;
    const { start, end, text } = replacementOf(this.#text, this.#area.value, this.#area.selectionEnd);
    if (start === end && text === '') return;
    const [from, to] = [start, end].map((index) => toCodePoints(this.#text, index));
    try {
      const caret = this.#model.replace(from ?? 0, to ?? 0, text, this.#shown);
      this.#showError('');
      this.#show([caret, caret]);
    } catch (error) {
      this.#showError(/** @type {Error} */ (error).message);
      this.#show();
    }
  }

  /** Writes the document into the text area. The selection stays at its characters.
   * @param {string[]} [anchors] of the selection, if the text area is ahead of what it showed */
  #show(anchors) {
    if (!this.#model || this.#isComposing) return;
    const { editor } = this.#model;
    if (editor.shown !== this.#shown) {
      const area = this.#area;
      anchors ??= [area.selectionStart, area.selectionEnd].map((index) => this.#anchorAt(index));
      this.#shown = editor.shown;
      this.#text = editor.text;
      if (area.value !== this.#text) {
        area.value = this.#text;
        const [start = 0, end = 0] = anchors.map((id) => toUnits(this.#shown, editor.indexOf(id)));
        area.setSelectionRange(start, end);
      }
    }
    this.#carets.draw(this.#model, this.#shown);
  }

  /** The id of the character before a position. @param {number} index in UTF-16 units */
  #anchorAt(index) {
    const position = toCodePoints(this.#text, Math.min(index, this.#text.length));
    return this.#shown[position - 1]?.id ?? START;
  }

  /** @param {InputEvent} event */
  #onBeforeInput(event) {
    if (event.inputType !== 'historyUndo' && event.inputType !== 'historyRedo') return;
    event.preventDefault();
    this.#step(event.inputType === 'historyUndo' ? 'undo' : 'redo');
  }

  /** @param {KeyboardEvent} event */
  #onKeyDown(event) {
    const key = event.key.toLowerCase();
    const isCommand = (event.ctrlKey || event.metaKey) && !event.altKey && (key === 'z' || key === 'y');
    if (!isCommand) return;
    event.preventDefault();
    this.#step(key === 'z' && !event.shiftKey ? 'undo' : 'redo');
  }

  /** @param {'undo' | 'redo'} command */
  #step(command) {
    if (this.#isComposing || !this.#model?.isReady) return;
    this.#model[command]();
    this.#show();
  }

  #onSelectionChange() {
    const { selectionStart, selectionEnd, value } = this.#area;
    if (document.activeElement !== this.#area || this.#isComposing || value !== this.#text) return;
    this.#model?.select(toCodePoints(value, selectionStart), toCodePoints(value, selectionEnd), this.#shown);
  }
}

/** @param {string} name @param {() => void} onclick */
function button(name, onclick) {
  return h('button', { type: 'button', class: 'secondary', onclick }, name);
}
