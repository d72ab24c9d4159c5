/**
 * The metronome: a timer in a worker. A hidden tab's own timers fire once a second at most;
 * a worker's go on, so the publisher does not slow down with the page that it is measured by.
 */
addEventListener('message', ({ data: { ms, beat } }) => {
  setTimeout(() => postMessage(beat), ms);
});
