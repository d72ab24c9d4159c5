/** A controller of something that has not started yet. */
export function abortedController() {
  const controller = new AbortController();
  controller.abort();
  return controller;
}
