/**
 * The state of the page of the apps, for tests and other programs: `window.lab.state()`. Its
 * fields are stable; docs/protocol.md describes them.
 */
import { latencySummary } from '../model/stats.js';

/** @param {string} name @param {import('./app-session.js').AppSession} session */
export function appStateOf(name, session) {
  const panes = session.panes.map(({ id, subscriber: { transport } }) => {
    const { segment, state, delivered, missed, gaps } = session.timeline.stats(id);
    const { requests } = segment;
    const latency = latencySummary(segment);
    return { id, transport, state, requests, delivered, missed, gaps, latency, bytes: session.bytesOf(id), app: modelState(name, session.model(id)) };
  });
  return { app: panes[0]?.app ?? null, panes };
}

/** @param {string} name @param {import('./app-session.js').AppModel | undefined} model */
function modelState(name, model) {
  if (!model) return null;
  const { content, pending, version, isReady } = model;
  return { name, ...content, pending, version, isReady };
}
