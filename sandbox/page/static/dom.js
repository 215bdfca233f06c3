// Elements without HTML text: what comes from the pipeline is never parsed as markup.

export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child != null));
  return element;
}

export function show(element, ...children) {
  element.replaceChildren(...children.flat().filter((child) => child != null));
}

export const number = (value) => new Intl.NumberFormat("en").format(value);
export const rate = (value) => `${number(value < 10 ? Math.round(value * 10) / 10 : Math.round(value))}/s`;
export const bytes = (value) => (value < 1e3 ? `${value} B` : value < 1e6 ? `${(value / 1e3).toFixed(1)} kB` : value < 1e9 ? `${(value / 1e6).toFixed(1)} MB` : `${(value / 1e9).toFixed(1)} GB`);
export const time = (seconds) => new Date(seconds * 1000).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3 });
export const moment = (seconds) => new Date(seconds * 1000).toLocaleString("en-GB", { hour12: false });
export const age = (ms) => (ms < 1000 ? `${Math.round(ms)} ms` : ms < 120000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 60000)} min`);

export function sentence(error) {
  return h("p", { class: "bad", role: "alert" }, error.message);
}

// A table; `rows` are texts or elements, null is shown as NULL.
export function table(columns, rows, caption) {
  return h("div", { class: "wide", tabindex: 0, role: "region", "aria-label": caption },
    h("table", {}, h("thead", {}, h("tr", {}, columns.map((name) => h("th", { scope: "col" }, name)))),
      h("tbody", {}, rows.map((row) => line(row)))));
}

export function line(row) {
  return h("tr", {}, row.map((cell) => (cell === null ? h("td", { class: "null" }, "NULL")
    : h("td", typeof cell === "string" ? { title: cell } : {}, cell))));
}
