/* The panel about the thing that is chosen. */

let opener = null;

/** Show what is known of a thing; with null, close the panel and go back to where it was chosen. */
function showDetails(kind, graph, number) {
  const panel = byId("details");
  const found = kind === null ? null : detailsOf(kind, graph, number);
  if (!found) {
    const hadFocus = panel.contains(document.activeElement);
    // The panel keeps its room: if it came and went, all beside it would move under the pointer.
    panel.classList.add("empty");
    panel.replaceChildren(el("p", { class: "dim" }, "Choose an input, an output, a module or a node: here stands what it is."));
    if (hadFocus && opener?.isConnected) {
      opener.focus();
    }
    return;
  }
  if (document.activeElement !== document.body && !panel.contains(document.activeElement)) {
    opener = document.activeElement;
  }
  const [title, ...parts] = found;
  const close = el("button", { type: "button", title: "Close (Escape)", "aria-label": "Close", onclick: () => choose(null) }, "✕");
  panel.replaceChildren(el("div", { class: "top" }, el("h2", {}, title), close), ...parts.flat(Infinity).filter(Boolean));
  panel.scrollTop = 0;
  panel.classList.remove("empty");
  say(panel.querySelector("h2").textContent);
}

function detailsOf(kind, graph, number) {
  const target = shown.target;
  if (kind === "input" || kind === "output") {
    const slot = target.graphs[graph]?.[`${kind}s`][number];
    return slot ? slotDetails(kind, graph, slot) : null;
  }
  if (kind === "rows") {
    return rowDetails(graph, number);
  }
  if (kind === "node") {
    return target.nodes[number] ? nodeDetails(target.nodes[number], number) : null;
  }
  return kind === "module" && target.modules.tree[number] ? moduleDetails(target.modules.tree[number], number) : null;
}

/** A list of terms and what is known of each; those without an answer are left out. */
function terms(...pairs) {
  const known = pairs.filter(([, value]) => value !== null && value !== undefined && value !== "" && value.length !== 0);
  return known.length ? el("dl", {}, known.map(([term, value]) => [el("dt", {}, term), el("dd", {}, value)])) : null;
}

function action(text, act) {
  return el("button", { type: "button", onclick: act }, text);
}

/** A button that leads to a slot. */
function slotLink(kind, graph, index) {
  const slot = shown.target.graphs[graph][`${kind}s`][index];
  const name = `${kind} ${slot.node ?? `#${index}`}`;
  return el("button", { type: "button", class: "link", onclick: () => choose(kind, graph, index) }, name, " ", el("code", {}, slot.label));
}

function slotDetails(kind, graph, slot) {
  const links = shown.target.graphs[graph].links;
  const partners = links.filter((link) => link[kind === "input" ? 0 : 1] === slot.index);
  const other = kind === "input" ? "output" : "input";
  const node = slot.node === null ? null : nodeNumber(graph, slot.node);
  const of = { gradient: kind === "input" ? "gradient" : "gradient of", mutation: kind === "input" ? "new value" : "new value of", tangent: kind === "input" ? "tangent of" : "tangent", alias: kind === "input" ? "returned as" : "alias of", token: "token" };
  const reads = [...new Set(slot.reads ?? [])];
  return [
    [`${slot.role} `, el("code", {}, slot.label)],
    el("p", {}, pieces(slot.meaning)),
    terms(
      [kind, slot.node === null ? `#${slot.index}` : [`#${slot.index} `, el("code", {}, slot.node)]],
      ["type", el("code", {}, slot.type)],
      ["gradient", partners.some((link) => link[2] === "gradient") ? null : pieces(slot.gradient ?? [])],
      ...partners.map((link) => [of[link[2]], slotLink(other, graph, link[kind === "input" ? 1 : 0])]),
      ["descriptor", slot.descriptor ? el("code", {}, slot.descriptor) : "torch attached none"],
      ["expression", slot.expression ? el("code", {}, slot.expression) : null],
      [kind === "input" ? "made at" : "computed at", source(slot.place)],
      ["read at", reads.map((place) => source(place))],
    ),
    node === null ? null : el("div", { class: "actions" }, action("Show in the graph", () => showNode(node))),
  ];
}

/** A row of several slots: `kind` is 0 for inputs and 1 for outputs, in the thousands of the graph's number. */
function rowDetails(graph, number) {
  const kind = number % 2 ? "output" : "input";
  const row = shown.target.graphs[graph]?.rows[`${kind}s`][Math.floor(number / 2)];
  return row
    ? [[`${row[1].length} ${kind}s `, el("code", {}, row[0])], el("ul", {}, row[1].map((index) => el("li", {}, slotLink(kind, graph, index))))]
    : null;
}

function nodeDetails(node, number) {
  const uses = usesOf(number);
  return [
    ["node ", el("code", {}, node.name)],
    node.words.map(block),
    terms(["source", source(node.place)], ["read by", uses.slice(0, 12).map((use) => el("div", {}, nodeLink(use)))], ["", uses.length > 12 ? `and ${uses.length - 12} more` : null]),
    el("div", { class: "actions" }, action("Show in the graph", () => showNode(number))),
  ];
}

function nodeLink(number) {
  return el("button", { type: "button", class: "link code", onclick: () => showNode(number) }, shown.target.nodes[number].name);
}

function moduleDetails(module, number) {
  const saved = shown.target.modules.saved;
  const list = (rows) => el("ul", {}, rows.map(([name, type, note]) => el("li", {}, el("code", {}, name), " ", el("span", { class: "dim code" }, type), " ", note)));
  const line = lineOfModule(number);
  return [
    [`module `, el("code", {}, module.name || shown.target.qualname)],
    terms(
      ["class", el("code", {}, module.type)],
      ["parameters", `${module.elements_text}, with all in it`],
      [`saved ${saved}`, module.saved === null ? null : `${module.saved_text}, with all in it`],
      ["made at", source(module.made)],
      ["set at", source(module.set)],
      ["class at", source(module.class)],
    ),
    module.parameters.length ? [el("h3", {}, "Its own parameters"), list(module.parameters.map(([name, type, note]) => [name, type, pieces(note)]))] : null,
    module.values.length ? [el("h3", {}, `Its own values, saved ${saved}`), list(module.values.map(([name, type, size]) => [name, type, size]))] : null,
    el("div", { class: "actions" }, action("Fill the map", () => fillMap(number)), line === null ? null : action("Show in the graph", () => showLine(line))),
  ];
}
