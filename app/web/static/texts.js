// What scripts say, in the reader's language: the page brings the translations with it.

const texts = JSON.parse(document.getElementById("texts").textContent);

// The text, which is written in English, with its %(name)s filled in.
export function t(text, values = {}) {
  return (texts[text] || text).replace(/%\((\w+)\)s/g, (_, name) => values[name]);
}

const oneDigit = new Intl.NumberFormat(document.documentElement.lang, { minimumFractionDigits: 1, maximumFractionDigits: 1 });

// A number with one digit after the point, or the comma.
export const decimal = (number) => oneDigit.format(number);
