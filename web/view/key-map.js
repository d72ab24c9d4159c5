/**
 * The keys: which command each has, in the order and in the groups of the help.
 *
 * @typedef {import('../model/playback.js').Playback} Playback
 * @typedef {import('./commands.js').Commands} Commands
 * @typedef {import('./keys.js').KeyCommand} KeyCommand
 */
import { presets } from '../model/presets.js';

/** @param {Commands} commands @param {Playback} playback @param {() => void} toggleModel
 *  @param {() => void} help @returns {KeyCommand[]} */
export function keyMapOf(commands, playback, toggleModel, help) {
  return [
    ...group('Lecture', lectureKeys(commands)),
    ...group('Look', lookKeys(commands, playback, toggleModel)),
    ...group('Show', showKeys(commands)),
    ...group('Data', dataKeys(commands, help)),
  ];
}

/** @param {string} name @param {[string[], string, () => void][]} entries @returns {KeyCommand[]} */
function group(name, entries) {
  return entries.map(([keys, what, run]) => ({ group: name, keys, what, run }));
}

/** @param {Commands} commands @returns {[string[], string, () => void][]} */
function lectureKeys({ beats, ...commands }) {
  return [
    [['PageDown', 'n'], 'next step: ask, run, explain; ends a run; back to live first', beats.next],
    [['PageUp', 'p'], 'previous step: ends a run, replays it, asks again; then the lesson before', beats.previous],
    ...presets.map(
      (preset) =>
        /** @type {[string[], string, () => void]} */ ([
          [preset.key],
          `lesson: ${preset.name}`,
          () => commands.run(preset),
        ]),
    ),
    [['o'], 'free mode, without a lesson (the letter O)', () => commands.run(null)],
    [['Enter'], 'start, stop', commands.toggle],
    [['v'], 'next variant of polling; after a run, run it and compare', commands.changeVariant],
    [['k'], 'keep these figures, to compare', commands.keep],
    [['x'], 'outage on, off', commands.toggleLink],
    [['Shift+n'], 'simulated network (free mode)', commands.toggleNetwork],
  ];
}

/** @param {Commands} commands @param {Playback} playback @param {() => void} toggleModel
 *  @returns {[string[], string, () => void][]} */
function lookKeys(commands, playback, toggleModel) {
  return [
    [[' ', '.'], 'pause the view; traffic continues', commands.togglePause],
    [['w'], 'replay the last 30 seconds', commands.replay],
    [['['], 'replay slower', () => playback.changeSpeed(-1)],
    [[']'], 'replay faster', () => playback.changeSpeed(1)],
    [['ArrowLeft'], 'previous event; after a lesson, message', () => commands.step(-1)],
    [['ArrowRight'], 'next event; after a lesson, message', () => commands.step(1)],
    [['Escape'], 'leave a field; back to live', commands.back],
    [
      ['c'],
      'messages, the loop in short, the running file, or events',
      () => commands.cycle('content', ['', 'loop', 'code', 'log']),
    ],
    [['m'], 'model on, off', toggleModel],
    [['t'], 'drawings as tables', () => commands.cycle('tables', ['', 'on'])],
  ];
}

/** @param {Commands} commands @returns {[string[], string, () => void][]} */
function showKeys(commands) {
  return [
    [['l'], 'projector', () => commands.cycle('projector', ['', 'on'])],
    [['d'], 'dark, light', () => commands.cycle('theme', ['dark', 'light'])],
    [['f'], 'full screen', commands.toggleFullScreen],
  ];
}

/** @param {Commands} commands @param {() => void} help @returns {[string[], string, () => void][]} */
function dataKeys(commands, help) {
  return [
    [['e'], 'export as JSON and CSV', commands.exportAll],
    [['r'], 'reset: stop, and set all counters to 0', commands.reset],
    [['?'], 'help', help],
  ];
}
