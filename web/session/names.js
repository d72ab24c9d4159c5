/** Names of pages. */

/** A name that no other page has. */
export function randomName() {
  const parts = [...crypto.getRandomValues(new Uint32Array(2))];
  return `p${parts.map((part) => part.toString(36)).join('')}`;
}
