/**
 * Makes elements of a drawing.
 *
 * @template {keyof SVGElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, string | number>} [attributes]
 * @param {...(Node | string)} children
 * @returns {SVGElementTagNameMap[Tag]}
 */
export function s(tag, attributes = {}, ...children) {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) {
    element.setAttribute(name, String(value));
  }
  element.append(...children);
  return element;
}

/** The width of a letter by its height: digits and bold words are about so wide. */
const LETTER_WIDTH = 0.62;

/** How wide a text will be, without laying it out. @param {string} text @param {number} letter */
export function widthOf(text, letter) {
  return text.length * letter * LETTER_WIDTH;
}
