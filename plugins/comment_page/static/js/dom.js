// Makes elements. Texts become text nodes, never HTML: comments are hostile input.

export function el(name, properties = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (key in element && !key.includes("-") && key !== "list" && key !== "role") element[key] = value;
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

let numbered = 0;

// A field with its label and, where there is one, a hint that is read out with it.
export function field(label, control, hint) {
  control.id ||= `field-${(numbered += 1)}`;
  const note = hint ? el("p", { className: "hint", id: `${control.id}-hint` }, hint) : null;
  if (note) control.setAttribute("aria-describedby", note.id);
  return el("div", { className: "field" }, el("label", { htmlFor: control.id }, label), control, note);
}

export function select(options, value, properties = {}) {
  const made = options.map(([key, text]) => el("option", { value: key, selected: key === value }, text));
  return el("select", properties, made);
}

// Says something to a screen reader.
export function announce(text) {
  const place = document.getElementById("announcer");
  if (place.textContent !== text) place.textContent = text;
}

export function problem(title, detail) {
  return el("div", { className: "problem", role: "alert" }, el("strong", {}, title), detail ? el("p", {}, detail) : null);
}
