/**
 * The keys: which command each has, in the order of the help.
 *
 * @typedef {import('../model/playback.js').Playback} Playback
 * @typedef {import('./commands.js').Commands} Commands
 * @typedef {import('./keys.js').KeyMap} KeyMap
 */
import { presets } from '../model/presets.js';

/** @param {Commands} commands @param {Playback} playback @param {() => void} toggleModel
 *  @param {() => void} help @returns {KeyMap} */
export function keyMapOf({ beats, ...commands }, playback, toggleModel, help) {
  const lessons = presets.map((preset) => [
    preset.key,
    { what: `lesson: ${preset.name}`, run: () => commands.run(preset) },
  ]);
  return {
    'PageDown': { what: 'next step: ask, run, explain', run: beats.next },
    'n': { what: 'next step: ask, run, explain', run: beats.next },
    'PageUp': { what: 'previous step', run: beats.previous },
    'p': { what: 'previous step', run: beats.previous },
    ...Object.fromEntries(lessons),
    'o': { what: 'free mode, without a lesson', run: () => commands.run(null) },
    'Enter': { what: 'start, stop', run: commands.toggle },
    'v': { what: 'next variant of polling; after a run, run it and compare', run: commands.changeVariant },
    'k': { what: 'keep these figures, to compare', run: commands.keep },
    'x': { what: 'outage on, off', run: commands.toggleLink },
    ' ': { what: 'pause the view, traffic continues', run: playback.togglePause },
    '.': { what: 'pause the view, traffic continues', run: playback.togglePause },
    'w': { what: 'replay the last 30 seconds', run: playback.startReplay },
    '[': { what: 'replay slower', run: () => playback.changeSpeed(-1) },
    ']': { what: 'replay faster', run: () => playback.changeSpeed(1) },
    'ArrowLeft': { what: 'previous event; after a lesson, message', run: () => commands.step(-1) },
    'ArrowRight': { what: 'next event; after a lesson, message', run: () => commands.step(1) },
    'Escape': { what: 'leave a field; back to live', run: commands.back },
    'c': {
      what: 'messages, the loop in short, the running file, or events',
      run: () => commands.cycle('content', ['', 'loop', 'code', 'log']),
    },
    'm': { what: 'model on, off', run: toggleModel },
    't': { what: 'drawings as tables', run: () => commands.cycle('tables', ['', 'on']) },
    'l': { what: 'projector', run: () => commands.cycle('projector', ['', 'on']) },
    'd': { what: 'dark, light', run: () => commands.cycle('theme', ['dark', 'light']) },
    'f': { what: 'full screen', run: commands.toggleFullScreen },
    'e': { what: 'export as JSON and CSV', run: commands.exportAll },
    'r': { what: 'reset', run: commands.reset },
    '?': { what: 'help', run: help },
  };
}

