// Translates the texts of scripts. The page carries the translations for its language.

const translations = JSON.parse(document.getElementById("texts").textContent);

// `text`, which is English, in the language of the page, with its %(name)s filled in.
export function t(text, values = {}) {
  return (translations[text] || text).replace(/%\((\w+)\)s/g, (_, name) => values[name]);
}

const oneDigit = new Intl.NumberFormat(document.documentElement.lang, { minimumFractionDigits: 1, maximumFractionDigits: 1 });

// A number with one digit after the decimal point (in German, the comma).
export const decimal = (number) => oneDigit.format(number);
