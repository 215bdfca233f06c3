// Faults to switch on and off.

import { call, get } from "../api.js";
import { h, number, sentence, show, table } from "../dom.js";

export function open(root) {
  const place = h("div", {});
  const told = h("div", {});
  show(root, h("h2", {}, "Faults"), told, place);
  load();

  async function load() {
    try { const { kinds, faults } = await get("faults"); draw(kinds, faults); } catch (error) { show(place, sentence(error)); }
  }

  async function act(method, path, body) {
    show(told);
    try { await call(method, path, body); await load(); } catch (error) { show(told, sentence(error)); }
  }

  function draw(kinds, faults) {
    const kind = h("select", { onchange: services }, kinds.map((each) => h("option", { value: each.kind, title: each.meaning }, each.kind)));
    const service = h("select", { onchange: operations });
    const operation = h("select", {});
    const share = h("input", { type: "number", min: 0.01, max: 1, step: "any", value: 0.2 });
    const seconds = h("input", { type: "number", min: 1, step: "any", value: 30 });
    const meaning = h("p", { class: "quiet" });
    const parameters = h("div", { class: "row" });
    const chosen = () => kinds.find((each) => each.kind === kind.value);
    function services() {
      meaning.textContent = chosen().meaning;
      show(service, Object.keys(chosen().services).map((name) => h("option", { value: name }, name)));
      operations();
    }
    function operations() {
      show(operation, h("option", { value: "" }, "any"), (chosen().services[service.value] ?? []).map((name) => h("option", { value: name }, name)));
      show(parameters, Object.entries(chosen().parameters).filter(([, each]) => each.choices[service.value]).map(([name, each]) => parameter(name, each)));
    }
    function parameter(name, { meaning, default: value, choices }) {
      const values = choices[service.value];
      const input = values.length
        ? h("select", { name }, values.map((each) => h("option", { value: each, selected: each === value }, each)))
        : h("input", { name, size: 10, placeholder: String(value) || "any" });
      return h("label", { title: meaning }, name.replaceAll("_", " "), input);
    }
    function given() {
      // What is left empty is the sandbox's to choose.
      const filled = [...parameters.querySelectorAll("input, select")].filter((input) => input.value !== "");
      return Object.fromEntries(filled.map((input) => [input.name, input.value]));
    }
    const form = h("form", {
      onsubmit: (event) => {
        event.preventDefault();
        act("POST", "faults", { kind: kind.value, service: service.value, operation: operation.value, share: Number(share.value), forS: Number(seconds.value), parameters: given() });
      },
    }, h("label", {}, "kind", kind), h("label", {}, "service", service), h("label", {}, "operation", operation),
    h("label", {}, "share of calls", share), h("label", {}, "for seconds", seconds), parameters, h("button", { class: "main" }, "Switch on"));
    services();
    const rows = faults.map((each) => [h("span", { class: each.on ? "warn" : "quiet" }, each.on ? "on" : "ended"), each.fault.kind, `${each.fault.service} ${each.fault.operation}`.trim() || "any", String(each.fault.share), number(each.struck),
      h("button", { onclick: () => act("DELETE", `faults/${encodeURIComponent(each.id)}`) }, each.on ? "Switch off" : "Forget")]);
    show(place, form, meaning, rows.length ? table(["state", "kind", "where", "share", "struck", ""], rows, "Faults") : h("p", { class: "quiet" }, "No fault is on."));
  }
}
