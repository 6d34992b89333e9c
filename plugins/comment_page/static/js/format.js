// Numbers, sizes and times as the language writes them.

import { language } from "./words.js";

const LOCALE = language === "en" ? "en-GB" : "es-PY";
const whole = new Intl.NumberFormat(LOCALE, { maximumFractionDigits: 0, useGrouping: "always" });
const decimal = new Intl.NumberFormat(LOCALE, { maximumFractionDigits: 1 });
const percentage = new Intl.NumberFormat(LOCALE, { style: "percent", maximumFractionDigits: 0 });
const moment = new Intl.DateTimeFormat(LOCALE, { dateStyle: "medium", timeStyle: "short" });
const NONE = "—";

export const number = (value) => (value === null || value === undefined ? NONE : whole.format(value));
export const percent = (share) => percentage.format(share);
export const when = (text) => (text ? moment.format(new Date(text)) : NONE);

// A file as people know it: uploads got what makes their name unique.
export const fileName = (name) => name.split("/").pop().replace(/-[0-9a-f]{16}(?=\.)/, "");

export function size(bytes) {
  const units = ["bytes", "kB", "MB", "GB"];
  let power = 0;
  while (bytes >= 1000 && power < units.length - 1) {
    bytes /= 1000;
    power += 1;
  }
  return `${decimal.format(bytes)} ${units[power]}`;
}

export function duration(seconds) {
  if (seconds === null || seconds === undefined) return NONE;
  if (seconds < 60) return `${decimal.format(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  const rest = `${minutes % 60} min`;
  if (minutes < 60) return `${minutes} min ${Math.round(seconds % 60)} s`;
  return `${Math.floor(minutes / 60)} h ${rest}`;
}
