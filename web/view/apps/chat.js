/**
 * The chat: lines, who is typing, and what became of the own lines.
 *
 * @typedef {import('../../apps/chat.js').Line} Line
 * @typedef {import('../../session/apps/chat.js').ChatModel} ChatModel
 */
import { MAX_LENGTH, splitLinks } from '../../apps/chat.js';
import { bytes, count } from '../../model/format.js';
import { h, setText } from '../dom.js';

/** Nearer to the end than this, the list follows new lines. */
const FOLLOW_PX = 40;

/** @param {(reason: string) => void} showError */
export function mountChat(showError) {
  /** @type {ChatModel | undefined} */
  let model;
  const list = new LineList();
  const form = mountForm({
    onSend(text) {
      if (!model?.isReady) throw new Error('The log is still being read');
      model.send(text);
      showError('');
      list.scrollToEnd();
    },
    onInput: (isEmpty) => (isEmpty ? model?.typing.stop() : model?.typing.start()),
    onError: showError,
  });
  const typing = h('p', { 'class': 'typing', 'data-testid': 'app-typing' });
  const overhead = h('p', { class: 'hint' });
  return {
    element: h('div', { class: 'chat' }, list.element, typing, form.element, overhead),
    /** @param {ChatModel} current */
    draw(current) {
      model = current;
      list.draw(model);
      setText(typing, typingText(model.chat.typingNames(performance.now())));
      const { messages, bytes: size } = model.overhead;
      setText(overhead, `Typing notices and receipts so far: ${count(messages)} messages, ${bytes(size)} of JSON`);
    },
    /** @param {string} lost */
    insert: form.insert,
  };
}

/** @param {string[]} names */
function typingText(names) {
  if (names.length === 0) return '';
  if (names.length > 3) return `${names.length} people are typing …`;
  return `${names.map((name) => name || 'a guest').join(', ')} ${names.length > 1 ? 'are' : 'is'} typing …`;
}

/** The list. It follows new lines only if its end is in view; else a button jumps there. */
class LineList {
  #lines = h('ol', { 'class': 'chat-lines', 'tabindex': 0, 'aria-label': 'Lines', 'onscroll': () => this.#onScroll() });
  #jump = h('button', { type: 'button', class: 'jump', hidden: true, onclick: () => this.scrollToEnd() });
  /** @type {Map<string, ReturnType<typeof mountLine>>} */
  #mounted = new Map();
  #isAtEnd = true;
  #scrollTop = 0;
  #unread = 0;
  element = h('div', { class: 'chat-list' }, this.#lines, this.#jump);

  /** @param {ChatModel} model */
  draw({ chat }) {
    const shown = chat.lines;
    for (const [index, line] of shown.entries()) {
      const view = this.#mounted.get(line.id) ?? this.#mount(line);
      view.draw(line, chat.deliveredTo(line));
      const { children } = this.#lines;
      if (children[index] !== view.element) this.#lines.insertBefore(view.element, children[index] ?? null);
    }
    this.#removeOthers(new Set(shown.map(({ id }) => id)));
    if (this.#isAtEnd) this.#lines.scrollTop = this.#lines.scrollHeight;
    this.#showUnread();
  }

  scrollToEnd() {
    this.#lines.scrollTop = this.#lines.scrollHeight;
    this.#unread = 0;
    this.#showUnread();
  }

  /** @param {Line} line */
  #mount(line) {
    const view = mountLine(line);
    this.#mounted.set(line.id, view);
    if (!this.#isAtEnd) this.#unread += 1;
    return view;
  }

  /** @param {Set<string>} ids */
  #removeOthers(ids) {
    for (const [id, { element }] of this.#mounted) {
      if (ids.has(id)) continue;
      element.remove();
      this.#mounted.delete(id);
    }
  }

  #onScroll() {
    const { scrollHeight, scrollTop, clientHeight } = this.#lines;
    // A list that grows is not scrolled: only moving up leaves the end.
    if (scrollHeight - scrollTop - clientHeight < FOLLOW_PX) this.#isAtEnd = true;
    else if (scrollTop < this.#scrollTop) this.#isAtEnd = false;
    this.#scrollTop = scrollTop;
    if (this.#isAtEnd) this.#unread = 0;
    this.#showUnread();
  }

  #showUnread() {
    this.#jump.hidden = this.#unread === 0;
    setText(this.#jump, `↓ ${count(this.#unread)} new`);
  }
}

/** @param {Line} line */
function mountLine({ sender, text, author }) {
  const time = h('time');
  const mark = h('span', { class: 'delivery' });
  const content = splitLinks(text).map((part) =>
    part.href === null
      ? part.text
      : h('a', { href: part.href, target: '_blank', rel: 'noopener noreferrer' }, part.text),
  );
  const element = h(
    'li',
    { 'data-testid': 'app-chat-line', 'data-author': author },
    h('strong', {}, sender || 'guest'),
    ' ',
    time,
    h('p', { dir: 'auto' }, ...content),
    mark,
  );
  return {
    element,
    /** @param {Line} line @param {number} readers */
    draw(line, readers) {
      const isOwn = line.isOwn;
      element.classList.toggle('own', isOwn);
      element.classList.toggle('earlier', line.isEarlier);
      setText(time, line.at === null ? '' : new Date(line.at).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' }));
      setText(mark, isOwn ? deliveryText(line, readers) : '');
    },
  };
}

/** @param {Line} line @param {number} readers */
function deliveryText({ version, isSent, isEarlier }, readers) {
  if (isEarlier) return 'in an earlier log';
  if (readers > 0) return `✓✓ delivered to ${readers}`;
  return version !== null || isSent ? '✓ sent' : '… sending';
}

/** @param {{ onSend: (text: string) => void, onInput: (isEmpty: boolean) => void,
 *           onError: (reason: string) => void }} hooks */
function mountForm({ onSend, onInput, onError }) {
  const input = h('textarea', {
    'aria-label': 'Message',
    'placeholder': 'Write a message; Shift+Enter for a new line',
    'rows': 2,
    'maxlength': MAX_LENGTH,
    'data-testid': 'app-chat-input',
    'oninput': () => onInput(input.value === ''),
    'onkeydown'(/** @type {KeyboardEvent} */ event) {
      if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      send();
    },
  });

  function send() {
    const text = input.value.trim();
    if (text === '') return;
    try {
      onSend(text);
      input.value = '';
    } catch (error) {
      onError(/** @type {Error} */ (error).message);
    }
  }

  /** @param {SubmitEvent} event */
  function onsubmit(event) {
    event.preventDefault();
    send();
  }
  return {
    element: h('form', { class: 'chat-form-app', onsubmit }, input, h('button', { type: 'submit' }, 'Send')),
    /** A line that was not published comes back. @param {string} text */
    insert(text) {
      input.value = input.value === '' ? text : `${text}\n${input.value}`;
    },
  };
}
