// A new analysis: choose a file, see how it is read, choose what to do, start.

import { get, post } from "./api.js";
import { choices } from "./choices.js";
import { el } from "./dom.js";
import { failure } from "./failure.js";
import { filePicker } from "./file-picker.js";
import { preview } from "./preview.js";
import { t } from "./words.js";

export async function newRun(options, signal) {
  if (!options.may_start) return [el("p", { className: "card" }, t("new.forbidden"))];
  const shown = el("section", { className: "card", hidden: true, "aria-labelledby": "preview-title" });
  const chosen = choices(options, () => reading?.refresh(), start);
  let reading = null;
  let name = null;
  let key = null;

  function pick(file) {
    name = file;
    key = crypto.randomUUID?.() ?? String(Math.random());
    shown.hidden = chosen.element.hidden = !file;
    reading?.leave();
    reading = file ? preview(shown, file, chosen, signal) : null;
  }

  async function start() {
    const body = { input_path: name, ...reading.corrections(), ...chosen.values() };
    // The key makes a second click, or a repetition after a lost answer, start nothing new.
    const sent = `${key}-${hash(JSON.stringify(body))}`;
    try {
      const job = await post("batch/process", body, { "Idempotency-Key": sent });
      location.hash = `#/run/${encodeURIComponent(job.job_id)}`;
    } catch (error) {
      chosen.refuse(failure(error));
    }
  }

  const files = await get("inbox", { limit: 100 }, signal);
  return [filePicker(options, files, pick), shown, chosen.element];
}

function hash(text) {
  let found = 0;
  for (const character of text) found = (Math.imul(found, 31) + character.codePointAt(0)) | 0;
  return found >>> 0;
}
