// How the chosen file is read, and what to correct about it.

import { get } from "./api.js";
import { announce, el, field, select } from "./dom.js";
import { failure } from "./failure.js";
import { fileName, number } from "./format.js";
import { table } from "./pages.js";
import { t } from "./words.js";

const PAUSE = 350;
const ENCODINGS = ["utf-8", "utf-16", "cp1252", "latin-1"];
const DELIMITERS = [[",", "comma"], [";", "semicolon"], ["tab", "tab"], ["|", "bar"]];
const TAB = "\t";

export function preview(place, file, chosen, signal) {
  const leaving = new AbortController();
  const given = {};
  const content = el("div", { "aria-busy": true });
  const corrections = el("div", { className: "four" });
  let waiting = 0;
  let asked = 0;
  let known = null;

  async function look() {
    const number = (asked += 1);
    content.setAttribute("aria-busy", "true");
    try {
      const found = await get("preview", { file, ...given, ...chosen.values() }, leaving.signal);
      if (number !== asked) return;
      known = found;
      content.replaceChildren(...summary(found));
      announce(t("preview.ready", { rows: found.estimated_rows }));
    } catch (error) {
      if (error.name === "AbortError" || number !== asked) return;
      content.replaceChildren(failure(error));
    }
    content.removeAttribute("aria-busy");
    correct();
  }

  function refresh() {
    clearTimeout(waiting);
    waiting = setTimeout(look, PAUSE);
  }

  function change(name, value) {
    if (value) given[name] = value;
    else delete given[name];
    refresh();
  }

  // The fields to correct with; the one that is being used stays as it is.
  function correct() {
    if (corrections.contains(document.activeElement)) return;
    const made = [column(), ...(known?.sheets.length ? [sheet()] : [encoding(), delimiter()])];
    corrections.replaceChildren(...made);
  }

  const choice = (name, label, values) =>
    field(label, select([["", t("preview.auto")], ...values], given[name] ?? "", { onchange: (event) => change(name, event.target.value) }));

  function column() {
    if (known) return choice("text_column", t("preview.text_column"), known.columns.map((one) => [one, one]));
    const text = el("input", { type: "text", value: given.text_column ?? "", oninput: (event) => change("text_column", event.target.value) });
    return field(t("preview.text_column"), text);
  }
  const sheet = () => choice("sheet", t("preview.sheet"), known.sheets.map((one) => [one, one]));
  const encoding = () => choice("encoding", t("preview.encoding"), ENCODINGS.map((one) => [one, one]));
  const delimiter = () => choice("delimiter", t("preview.delimiter"), DELIMITERS.map(([sign, name]) => [sign, t(`preview.${name}`)]));

  place.replaceChildren(
    el("h2", { id: "preview-title" }, t("preview.title")),
    content,
    el("details", {}, el("summary", {}, t("preview.correct")), corrections));
  content.replaceChildren(el("p", { className: "loading" }, t("preview.looking")));
  signal.addEventListener("abort", () => leaving.abort());
  look();
  return { refresh, leave: () => { clearTimeout(waiting); leaving.abort(); }, corrections: () => ({ ...given }) };
}

function summary(found) {
  const detected = (name, text) => (found.detected.includes(name) ? `${text} (${t("preview.detected")})` : text);
  const facts = [
    [t("preview.rows"), number(found.estimated_rows)],
    [t("preview.text_column"), detected("text_column", found.text_column)],
    found.encoding && [t("preview.encoding"), detected("encoding", found.encoding)],
    found.delimiter && [t("preview.delimiter"), detected("delimiter", found.delimiter === TAB ? t("preview.tab") : found.delimiter)],
    found.sheet && [t("preview.sheet"), detected("sheet", found.sheet)],
    [t("preview.batches"), `${number(found.planned_batches)} × ${number(found.batch_size)}`],
  ].filter(Boolean);
  const text = found.columns.indexOf(found.text_column);
  const mark = (index) => (index === text ? "chosen" : "");
  const heads = found.columns.map((one, index) => ({ text: index === text ? `${one} ◂` : one }));
  const rows = found.rows.map((row) => el("tr", {}, row.map((cell, index) => el("td", { className: mark(index) }, cell))));
  return [
    el("dl", { className: "facts" }, facts.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value)))),
    table(t("preview.caption", { name: fileName(found.file) }), heads, rows, { className: "raw" }),
  ];
}
