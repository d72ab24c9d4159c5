/**
 * Draws the page: what all views need to know of a moment is collected here.
 *
 * @typedef {import('../model/events.js').TimedPageEvent} TimedPageEvent
 * @typedef {import('../model/playback.js').Playback} Playback
 * @typedef {import('../model/time-window.js').TimeWindow} TimeWindow
 * @typedef {import('../session/beats.js').Beats} Beats
 * @typedef {import('../session/kept.js').KeptRuns} KeptRuns
 * @typedef {import('../session/lab.js').Lab} Lab
 * @typedef {import('../session/selection.js').Selection} Selection
 * @typedef {import('./figures.js').Headline} Headline
 * @typedef {import('./render-loop.js').Frame} Frame
 *
 * @typedef {object} Views
 * @property {ReturnType<typeof import('./banner.js').mountBanner>} banner
 * @property {ReturnType<typeof import('./comparison.js').mountComparison>} comparison
 * @property {ReturnType<typeof import('./composer.js').mountComposer>} composer
 * @property {ReturnType<typeof import('./distribution.js').mountDistribution>} distribution
 * @property {ReturnType<typeof import('./invitation.js').mountInvitation>} invitation
 * @property {ReturnType<typeof import('./legend.js').mountLegend>} legend
 * @property {ReturnType<typeof import('./lesson.js').mountLesson>} lesson
 * @property {ReturnType<typeof import('./log-strip.js').mountLogStrip>} logStrip
 * @property {ReturnType<typeof import('./network-panel.js').mountNetworkPanel>} networkPanel
 * @property {ReturnType<typeof import('./pane.js').mountPane>[]} panes
 * @property {ReturnType<typeof import('./tabs.js').mountTabs>} tabs
 * @property {ReturnType<typeof import('./toolbar.js').mountToolbar>} toolbar
 *
 * @typedef {object} RenderParts
 * @property {Lab} lab
 * @property {Playback} playback
 * @property {Beats} beats
 * @property {KeptRuns} kept
 * @property {Selection} selection
 * @property {{ model: boolean }} settings
 */
import { intervalsOf } from '../model/intervals.js';
import { RUN_MS } from '../model/presets.js';
import { fittedWindow, runningWindow } from '../model/time-window.js';
import { latencyText } from '../model/format.js';
import { paneFigures } from '../session/pane-figures.js';
import { followedText } from './followed.js';
import { headlinesOf } from './headlines.js';
import { scheduleText } from './log-strip.js';
import { comparisonText } from './run-comparison.js';
import { curvesOf, rowsOf } from './summary.js';
import { verdictOf } from './verdicts.js';

const root = document.documentElement;

/** @param {RenderParts} parts @param {Views} views */
export function createRenderer(parts, views) {
  const { lab, playback, beats } = parts;
  /** Between two draws of the figures. @type {Headline[]} */
  let headlines = [];

  const timeWindow = (/** @type {number} */ now) => timeWindowAt(now, parts, views);

  return {
    /** @param {Frame} frame */
    draw(frame) {
      if (playback.replay === 'finished' && !lab.running) playback.goLive(); // a replay ends where the run did
      root.dataset.beat = beats.beat ?? '';
      const window = timeWindow(frame.now);
      const figures = frame.statsDue ? drawFigures(parts, views, frame) : null;
      if (figures) headlines = headlinesOf(lab.settings.preset?.figure ?? 'latency', figures);
      // In the same frame, so that the table and the panes show one moment.
      if (figures) views.comparison.draw(rowsOf(lab, parts.kept.all, summaryOptions(parts, views, frame.now)));
      drawPanes(parts, views.panes, frame, window, headlines);
      if (frame.statsDue && !frame.still) drawStrip(parts, views, frame, window);
    },
    /** Time has passed without an event. @param {number} now */
    move(now) {
      const { to } = timeWindow(now);
      for (const pane of views.panes) pane.move(to);
      views.logStrip.move(to);
    },
    drawSummary() {
      const options = summaryOptions(parts, views, playback.now());
      views.distribution.draw(curvesOf(lab, parts.kept.all, options));
      views.tabs.draw();
    },
  };
}

/** @param {number} now @param {RenderParts} parts @param {Views} views @returns {TimeWindow} */
function timeWindowAt(now, { lab, playback, beats }, { panes, composer }) {
  const { pageStats, events } = lab.timeline;
  if (beats.beat === 'explain' && !playback.paused) {
    return fittedWindow(pageStats, events.findLast(({ pane }) => pane !== null)?.at ?? 0);
  }
  const width = Math.max(0, ...panes.map(({ ladderWidth }) => ladderWidth));
  return runningWindow(now, lab.settings, composer.rate, width);
}

/** @param {RenderParts} parts @param {Views} views @param {number} now the moment shown */
function summaryOptions(parts, { composer }, now) {
  return { rate: composer.rate, withModel: showsModel(parts), at: parts.playback.paused ? now : null };
}

/** The model would answer the question: it is shown when the run is explained.
 * @param {RenderParts} parts */
function showsModel({ settings, beats }) {
  return settings.model && (beats.beat === null || beats.beat === 'explain');
}

/** @param {RenderParts} parts @param {Views} views @param {Frame} frame */
function drawFigures(parts, views, { now, live }) {
  const { lab, beats, playback } = parts;
  const figures = paneFigures(lab, live ? null : now);
  const { preset } = lab.settings;
  const { startedAt } = lab.timeline.pageStats;
  const done = startedAt > 0 ? Math.min(1, (now - startedAt) / RUN_MS) : 0;
  views.lesson.draw({
    preset,
    beat: beats.beat,
    progress: preset?.antipatterns ? 1 : done,
    isPaused: playback.paused,
    ...explanationOf(parts, live ? figures : null),
  });
  views.toolbar.draw();
  views.composer.draw();
  views.invitation.draw(lab);
  views.networkPanel.draw();
  views.banner.draw(now);
  return figures;
}

/** The explanation is that of the whole run, whichever moment of it the view shows.
 * @param {RenderParts} parts @param {import('../model/figures.js').PaneFigures[] | null} current */
function explanationOf({ lab, beats, kept }, current) {
  const { preset } = lab.settings;
  if (!preset || beats.beat !== 'explain') return { verdict: '', comparison: '' };
  const panes = current ?? paneFigures(lab, null);
  const { startedAt, stoppedAt, published, isComplete } = lab.timeline.pageStats;
  const run = { panes, published, ms: (stoppedAt ?? startedAt) - startedAt, isComplete };
  return {
    verdict: verdictOf(preset, run),
    comparison: comparisonText(preset, kept.newestOf(preset), panes),
  };
}

/** @param {RenderParts} parts @param {Views['panes']} panes @param {Frame} frame
 *  @param {TimeWindow} timeWindow @param {Headline[]} headlines */
function drawPanes({ lab, selection }, panes, { now, live, statsDue, still }, timeWindow, headlines) {
  const { timeline } = lab;
  const upToNow = upTo(live, now);
  const intervals = intervalsOf(upToNow(timeline.pageEvents), now);
  const newest = statsDue ? timeline.newestAt(now) : 0; // only for the figures
  for (const [index, pane] of panes.entries()) {
    pane.draw({
      now,
      live,
      statsDue,
      still,
      start: timeline.pageStats.startedAt,
      stats: live ? timeline.stats(pane.id) : timeline.statsAt(pane.id, now),
      newest,
      events: upToNow(timeline.paneEvents(pane.id)),
      intervals,
      bytes: live ? lab.bytesOf(pane.id) : { up: null, down: null }, // known for now only
      headline: headlines[index],
      timeWindow,
      selected: arrivalOf(selection, pane.id, live ? Infinity : now),
    });
  }
}

/** @param {RenderParts} parts @param {Views} views @param {Frame} frame @param {TimeWindow} timeWindow */
function drawStrip({ lab, selection }, { logStrip, composer, legend, panes }, { now, live }, timeWindow) {
  const { timeline, settings } = lab;
  const events = upTo(live, now)(timeline.pageEvents);
  logStrip.draw({
    events,
    timeWindow,
    start: timeline.pageStats.startedAt,
    schedule: scheduleText(settings, composer.rate),
    selected: selection.version,
    selectedText: followedText(lab, selection),
  });
  legend.draw(panes.flatMap(({ marks }) => marks));
}

/** @param {boolean} live @param {number} now */
function upTo(live, now) {
  /** @type {<E extends { at: number }>(events: E[]) => E[]} */
  return (events) => (live ? events : events.filter(({ at }) => at <= now));
}

/** @param {Selection} selection @param {import('../model/types.js').PaneId} pane @param {number} until */
function arrivalOf({ version, arrivalIn }, pane, until) {
  const arrival = version === null ? null : arrivalIn(pane);
  if (version === null || !arrival || arrival.arrivedAt > until) return null;
  const { arrivedAt, latency } = arrival;
  return { version, arrivedAt, publishedAt: arrivedAt - latency.ms, text: latencyText(latency) };
}
