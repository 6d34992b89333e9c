// Uploads a file, or picks one of the inbox.

import { upload } from "./api.js";
import { announce, el, field, problem, select } from "./dom.js";
import { failure } from "./failure.js";
import { fileName, number, percent, size, when } from "./format.js";
import { t } from "./words.js";

export function filePicker(options, files, pick) {
  const said = el("div", { className: "said" });
  const types = options.upload_types.join(", ");
  const input = el("input", { type: "file", accept: types, onchange: send });
  const bar = el("progress", { max: 1, value: 0, hidden: true });
  const inbox = select(
    [["", t("new.pick")], ...files.files.map((file) => [file.name, label(file)])], "",
    { onchange: () => { input.value = ""; said.replaceChildren(); pick(inbox.value); } });

  async function send() {
    const file = input.files[0];
    if (!file) return;
    inbox.value = "";
    pick("");
    if (file.size > options.upload_bytes) {
      const most = size(options.upload_bytes);
      said.replaceChildren(problem(t("error.413"), t("new.toolarge", { size: size(file.size), most })));
      return;
    }
    input.disabled = true;
    bar.hidden = false;
    try {
      const done = await upload(file, (share) => sending(file.name, share));
      said.replaceChildren(el("p", { className: "good" }, t("new.sent", { name: file.name })));
      announce(t("new.sent", { name: file.name }));
      inbox.append(el("option", { value: done.name, selected: true }, label(done)));
      pick(done.name);
    } catch (error) {
      said.replaceChildren(failure(error));
    } finally {
      input.disabled = false;
      bar.hidden = true;
    }
  }

  function sending(name, share) {
    bar.value = share;
    bar.setAttribute("aria-label", t("new.sending", { name, percent: percent(share) }));
    said.replaceChildren(el("p", {}, t("new.sending", { name, percent: percent(share) })));
  }

  const more = files.total_entries > files.files.length && t("new.more", { n: number(files.files.length) });
  return el("section", { className: "card", "aria-labelledby": "new-title" },
    el("h2", { id: "new-title" }, t("new.title")),
    el("p", { className: "hint" }, t("new.lead")),
    el("div", { className: "two" },
      field(t("new.upload"), input, t("new.types", { types, size: size(options.upload_bytes) })),
      field(t("new.inbox"), inbox, more || null)),
    bar, said);
}

function label(file) {
  const name = fileName(file.name);
  return `${name} (${size(file.bytes)}, ${when(file.modified)}${file.uploaded ? `, ${t("new.uploaded")}` : ""})`;
}
