/**
 * A timer in a worker. In a hidden tab timers fire at most once a second; in a worker they are
 * not slowed down, so the publisher keeps its schedule while the page is hidden.
 */
addEventListener('message', ({ data: { ms, id } }) => {
  setTimeout(() => postMessage(id), ms);
});
