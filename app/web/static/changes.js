// Writes into the page only what has changed: a browser styles and lays it out again even for the same words.

export function setText(element, text) {
  if (element.textContent === text) return;
  const [first, ...others] = element.childNodes;
  if (text && first?.nodeType === Node.TEXT_NODE && !others.length) first.data = text; // no node comes or goes
  else element.textContent = text;
}

export const write = (id, text) => setText(document.getElementById(id), text);

export function setProperty(element, name, value) {
  if (element[name] !== value) element[name] = value;
}

export function setAttribute(element, name, value) {
  if (element.getAttribute(name) !== String(value)) element.setAttribute(name, value);
}
