/**
 * What the document costs: a key in a document of 10 000 characters, the replay of 100 000
 * changes, and memory after a simulated day of typing.
 *
 *     node --expose-gc benches/apps.js
 */
import { performance } from 'node:perf_hooks';
import { documentApp } from '../web/apps/document.js';
import { Editor } from '../web/apps/editor.js';
import { MAX_AGE, Replica } from '../web/apps/replica.js';

const CHARACTERS = 10_000;
const KEYS = 5000;
const CHANGES = 100_000;

/** Three people who type three changes a second for eight hours. */
const DAY_CHANGES = 3 * 3 * 8 * 3600;

/** Every change of the day inserts this at the end, or deletes it at the start. */
const WORD = 'words ';
const DAY_CHARACTERS = 1000;

let count = 0;
const nextId = () => `bench-${++count}`;

/** A client whose messages come back at once. */
function createClient() {
  const outbox = [];
  const send = (id, body) => outbox.push({ id, kind: 'document', body });
  const replica = new Replica(documentApp, { since: 0, nextId, send, onLost() {} });
  const editor = new Editor(replica);
  editor.refresh();
  let version = 0;
  const confirm = () => {
    const messages = outbox.splice(0).map((message) => ({ ...message, version: ++version, at: 0, sender: '' }));
    replica.receive(messages, version);
    editor.refresh();
    return messages;
  };
  return { replica, editor, confirm };
}

/** Milliseconds at a quantile. */
const quantile = (times, share) => times.toSorted((a, b) => a - b)[Math.floor(share * (times.length - 1))];

function keys() {
  const { editor, confirm } = createClient();
  for (let part = 0; part < CHARACTERS / 100; part++) {
    editor.replace(editor.shown.length, editor.shown.length, 'x'.repeat(100), 0);
    editor.flush();
    confirm();
  }
  const times = [];
  for (let key = 0; key < KEYS; key++) {
    const at = Math.floor(Math.random() * editor.shown.length);
    const startedAt = performance.now();
    if (key % 4 === 3) editor.replace(at, at + 1, '', key * 200);
    else editor.replace(at, at, 'k', key * 200);
    editor.text.length; // the text area is written with it
    times.push(performance.now() - startedAt);
    editor.flush();
    confirm();
  }
  report('a key in 10 000 characters', times);
}

function report(name, times) {
  const [p50, p99, max] = [0.5, 0.99, 1].map((share) => quantile(times, share).toFixed(2));
  console.log(`${name}: p50 ${p50} ms, p99 ${p99} ms, max ${max} ms`);
}

/** Changes at random places, a quarter of them deletions. */
function history(changes) {
  const messages = [];
  const visible = [];
  for (let version = 1; version <= changes; version++) {
    const id = `h-${version}`;
    const at = Math.floor(Math.random() * visible.length);
    const isDeletion = version % 4 === 0;
    const [run, index] = visible[at] ?? [];
    const change = isDeletion
      ? { delete: [[run, index, 1]], after: '', insert: '' }
      : { delete: [], after: run ? `${run}.${index}` : '', insert: 'ab' };
    if (isDeletion) visible.splice(at, 1);
    else visible.push([id, 0], [id, 1]);
    messages.push({ id, version, at: 0, sender: '', kind: 'document', body: { type: 'change', base: version - 1, run: id, change } });
  }
  return messages;
}

function replay() {
  const messages = history(CHANGES);
  const times = [];
  for (let round = 0; round < 5; round++) {
    const { replica } = createClient();
    const startedAt = performance.now();
    for (let first = 0; first < messages.length; first += 500) {
      replica.receive(messages.slice(first, first + 500), Math.min(first + 500, CHANGES));
    }
    times.push(performance.now() - startedAt);
  }
  report(`replay of ${CHANGES} changes`, times);
}

function day() {
  const { replica, editor, confirm } = createClient();
  const usage = () => {
    globalThis.gc?.();
    return (process.memoryUsage().heapUsed / 1e6).toFixed(1);
  };
  const before = usage();
  for (let change = 1; change <= DAY_CHANGES; change++) {
    const isFull = editor.shown.length > DAY_CHARACTERS;
    if (isFull) editor.replace(0, WORD.length, '', change * 1000);
    else editor.replace(editor.shown.length, editor.shown.length, WORD, change * 1000);
    editor.flush();
    confirm();
    if (change % (DAY_CHANGES / 4) === 0) {
      const elements = replica.state.elements.size;
      console.log(`${change} changes: ${elements} elements, ${editor.shown.length} visible, ${usage()} MB`);
    }
  }
  console.log(`a day: ${DAY_CHANGES} changes; before ${before} MB; tombstones of the last ${MAX_AGE} versions`);
}

keys();
replay();
day();
