/**
 * The shared text: one text for all clients. While local edits are not published, remote edits
 * do not overwrite them; otherwise the log's order decides, and the last version wins.
 *
 * @typedef {import('../model/types.js').Message} Message
 * @typedef {import('../model/types.js').MessageContent} MessageContent
 */
import { h } from './dom.js';

/** Least time between two publications of the text. */
const PUBLISH_INTERVAL_MS = 100;

/**
 * @param {() => string} senderName
 * @param {(message: MessageContent) => Promise<unknown>} publish
 * @param {(reason: string) => void} showError
 */
export function mountSharedText(senderName, publish, showError) {
  let hasUnsentEdits = false;
  let newestVersion = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let publishTimer;

  function onInput() {
    hasUnsentEdits = true;
    publishTimer ??= setTimeout(publishText, PUBLISH_INTERVAL_MS);
  }

  async function publishText() {
    const body = textarea.value;
    const message = { sender: senderName(), kind: 'text', body };
    const isSent = await publish(message).then(
      () => true,
      (error) => showError(error.message) ?? false,
    );
    publishTimer = undefined;
    // A rejected text stays: what others publish must not replace it.
    if (textarea.value !== body) onInput();
    else if (isSent) hasUnsentEdits = false;
  }

  const textarea = mountTextarea(onInput);
  const label = h('label', { for: 'talks' }, 'EVERYBODY TALKS');
  return {
    element: h('div', { class: 'shared-text' }, label, textarea),
    /** Shows a text from the log. @param {Message} message */
    show({ version, body }) {
      if (version <= newestVersion) return;
      newestVersion = version;
      if (!hasUnsentEdits) replaceText(textarea, String(body));
    },
    /** The log was restarted: its versions start again. */
    forgetVersion() {
      newestVersion = 0;
    },
  };
}

/** @param {() => void} oninput */
function mountTextarea(oninput) {
  return h('textarea', {
    'id': 'talks',
    'rows': 2,
    'dir': 'auto',
    'placeholder': 'One text for all clients: type here',
    'data-testid': 'talks',
    oninput,
  });
}

/** Keeps the selection. @param {HTMLTextAreaElement} textarea @param {string} text */
function replaceText(textarea, text) {
  if (textarea.value === text) return;
  const { selectionStart, selectionEnd } = textarea;
  textarea.value = text;
  textarea.setSelectionRange(selectionStart, selectionEnd);
  textarea.scrollTop = textarea.scrollHeight;
}
