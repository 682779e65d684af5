/* The flow: the inputs of a graph on the left, its outputs on the right, and lines between those that belong together. */

const ROW = 26;
const MOST_LINES = 600;
const REASONS = { gradient: "gradient of the input", mutation: "new value of the input", tangent: "incoming gradient of the output", alias: "the output is the input, or a view of it", token: "effect token" };

section("flow", "Flow", (target) => {
  if (!target.graphs.length) {
    return null;
  }
  const kinds = new Set(target.graphs.flatMap((graph) => graph.links.map((link) => link[2])));
  const key = Object.entries(REASONS).filter(([kind]) => kinds.has(kind));
  return [
    el("div", { class: "head" }, el("h2", {}, "Flow"), el("span", { class: "dim" }, "the inputs and outputs of the graph, and which belong together")),
    el("div", { class: "key" }, key.map(([kind, words]) => el("span", { class: kind }, el("i", {}), words))),
    target.graphs.map((graph, number) => [graph.heading ? el("h3", {}, graph.heading) : null, flow(graph, number)]),
  ];
});

function flow(graph, number) {
  const rows = { input: graph.rows.inputs, output: graph.rows.outputs };
  const rowOf = { input: new Map(), output: new Map() };
  for (const kind of ["input", "output"]) {
    rows[kind].forEach(([, slots], row) => slots.forEach((slot) => rowOf[kind].set(slot, row)));
  }
  const lines = new Map();
  for (const [input, output, reason] of graph.links) {
    const ends = [rowOf.input.get(input), rowOf.output.get(output), reason];
    if (ends[0] !== undefined && ends[1] !== undefined) {
      lines.set(ends.join(), ends);
    }
  }
  const all = [...lines.values()];
  const canvas = svg("svg", { "aria-hidden": "true", height: Math.max(rows.input.length, rows.output.length) * ROW, viewBox: `0 0 100 ${Math.max(rows.input.length, rows.output.length, 1) * ROW}`, preserveAspectRatio: "none" });
  const paths = new Map();
  const path = (line) => {
    if (!paths.has(line)) {
      const [left, right] = [(line[0] + 0.5) * ROW, (line[1] + 0.5) * ROW];
      paths.set(line, svg("path", { class: line[2], d: `M0 ${left} C45 ${left} 55 ${right} 100 ${right}`, "vector-effect": "non-scaling-stroke" }));
      canvas.append(paths.get(line));
    }
    return paths.get(line);
  };
  if (all.length <= MOST_LINES) {
    all.forEach(path);
  }
  const items = { input: [], output: [] };
  const partners = (kind, row) => all.filter((line) => line[kind === "input" ? 0 : 1] === row);
  const box = el("div", { class: "flow" });
  const mark = (kind, row) => {
    box.querySelectorAll(".partner, .on").forEach((each) => each.classList.remove("partner", "on"));
    box.classList.toggle("chosen", row !== null);
    for (const line of row === null ? [] : partners(kind, row)) {
      path(line).classList.add("on");
      (kind === "input" ? items.output[line[1]] : items.input[line[0]]).classList.add("partner");
    }
  };
  let fixed = [null, null];
  const list = (kind, side, title) => {
    const made = rows[kind].map(([label, slots], row) => {
      const slot = graph[`${kind}s`][slots[0]];
      const lack = slot.concern ? el("span", { class: "lack" }, "no gradient") : null;
      const name = `${slots.length > 1 ? `${slots.length} × ` : ""}${slot.role} ${label}`;
      return el(
        "div",
        { class: `ends ${tone(kind, slot)}`, role: "option", tabindex: row ? "-1" : "0", "aria-selected": "false", "aria-label": name, title: `${name}  ${slot.type}`, onclick: () => pick(kind, row), onmouseenter: () => mark(kind, row), onmouseleave: () => mark(...fixed) },
        el("span", { class: "dot" }),
        el("span", { class: "name" }, el("bdi", {}, label || slot.role)),
        lack,
        el("span", { class: "type" }, slots.length > 1 ? `${slot.type} ×${slots.length}` : slot.type),
      );
    });
    items[kind] = made;
    const around = el("div", { class: `list ${side}`, role: "listbox", "aria-label": title }, made);
    const across = (row) => {
      const first = partners(kind, row)[0];
      return first ? (kind === "input" ? items.output[first[1]] : items.input[first[0]]) : null;
    };
    roving(around, ".ends", (from, key) => {
      const towards = side === "left" ? "ArrowRight" : "ArrowLeft";
      if (key === towards) {
        across(made.indexOf(from))?.focus();
        return null;
      }
      return along(made, from, key);
    }, (item) => pick(kind, made.indexOf(item)));
    around.addEventListener("focusin", (event) => mark(kind, made.indexOf(event.target.closest(".ends"))));
    around.addEventListener("focusout", () => mark(...fixed));
    return around;
  };
  const pick = (kind, row) => {
    const slots = rows[kind][row][1];
    if (slots.length === 1) {
      choose(kind, number, slots[0]);
    } else {
      choose("rows", number, row * 2 + (kind === "output" ? 1 : 0));
    }
  };
  onChosen((kind, its, chosen) => {
    box.querySelectorAll('[aria-selected="true"]').forEach((item) => item.setAttribute("aria-selected", "false"));
    fixed = [null, null];
    if (its === number && (kind === "input" || kind === "output")) {
      fixed = [kind, rowOf[kind].get(chosen) ?? null];
    } else if (its === number && kind === "rows") {
      fixed = [chosen % 2 ? "output" : "input", Math.floor(chosen / 2)];
    }
    if (fixed[1] !== null) {
      items[fixed[0]][fixed[1]].setAttribute("aria-selected", "true");
    }
    mark(...fixed);
  });
  const left = list("input", "left", "Inputs");
  const right = list("output", "right", "Outputs");
  box.append(el("h3", {}, `Inputs ${graph.inputs.length}`), el("h3", {}, `Outputs ${graph.outputs.length}`), left, canvas, right);
  return box;
}

/** The class that colours a slot: the first word of its role that has a colour. */
function tone(kind, slot) {
  const known = ["gradient", "parameter", "buffer", "tangent", "token", "argument"];
  const found = slot.role.startsWith("mutated") ? "mutation" : known.find((word) => slot.role.includes(word));
  return found ?? (kind === "output" ? "output" : "argument");
}
