/**
 * Creates SVG elements.
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

/** Width of a character relative to the font size: an estimate for digits and bold text. */
const CHARACTER_WIDTH = 0.62;

/** The estimated width of a text, without a layout. @param {string} text @param {number} fontSize */
export function widthOf(text, fontSize) {
  return text.length * fontSize * CHARACTER_WIDTH;
}

/** @param {Element} element @returns {number} in pixels */
export function fontSizeOf(element) {
  return parseFloat(getComputedStyle(element).fontSize);
}
