// The words of the page in its language.

import { EN } from "./words-en.js";
import { ES } from "./words-es.js";

export const language = document.documentElement.lang === "en" ? "en" : "es";
const WORDS = language === "en" ? EN : ES;

// The text of a key, with values in it.
export function t(key, values = {}) {
  const text = WORDS[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

// What to say of an error of the API: a title in the language, and what the server says.
export function told(error) {
  const title = WORDS[`error.${error.code}`] ?? WORDS[`error.${error.status}`] ?? WORDS["error.other"];
  const detail = [0, 401].includes(error.status) ? "" : error.message;
  return [title, detail];
}
