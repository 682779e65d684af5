/* Words, tables and places of the facts as elements. */

const FACTS = JSON.parse(byId("facts").textContent);

/** The elements of pieces: strings, and lists of a mark and what it marks. */
function pieces(line) {
  return line.map((piece) => {
    if (typeof piece === "string") {
      return piece;
    }
    const [mark, inside, at] = piece;
    if (mark === "code") {
      return el("code", {}, inside);
    }
    return mark === "strong" ? el("strong", {}, pieces(inside)) : el("span", { title: at === null ? null : FACTS.places[at][0] }, pieces(inside));
  });
}

/** A place, `model.py:14`, with the text of its line. */
function source(number, label) {
  if (number === null || number === undefined) {
    return null;
  }
  const [where, text] = FACTS.places[number];
  return el("div", { class: "source" }, label ?? null, el("span", { class: "where" }, where), text ? el("code", {}, text) : null);
}

/** A block of text. */
function block(data) {
  if (data.kind === "table") {
    return table(data);
  }
  if (data.kind === "facts") {
    return el("p", { class: "facts" }, data.facts.map((fact) => el("span", {}, pieces(fact))));
  }
  return el("p", { class: data.kind === "note" ? "dim" : null }, pieces(data.line));
}

/** A table. `choose(row)`, if it is there, is called with the number of the row that a click or Enter chooses. */
function table(data, choose = null) {
  const rows = data.rows.map((cells, number) => {
    const row = el("tr", choose ? { class: "chooses", tabindex: number ? "-1" : "0", onclick: () => choose(number) } : {});
    row.append(...cells.map((cell, column) => tableCell(cell, data.columns[column][1])));
    return row;
  });
  const body = el("tbody", {}, rows);
  if (choose) {
    roving(body, "tr", (from, key) => along(rows, from, key), (row) => choose(rows.indexOf(row)));
  }
  const titles = data.columns.map(([title, kind]) => el("th", { scope: "col", class: kind === "number" ? "number" : null }, title));
  const caption = data.title ? el("caption", {}, data.title, " ", el("span", { class: "dim" }, pieces(data.summary))) : null;
  return el(
    "div",
    {},
    data.rows.length ? el("div", { class: "wide" }, el("table", {}, caption, el("thead", {}, el("tr", {}, titles)), body)) : el("h3", {}, data.title, " ", pieces(data.summary)),
    data.notes.map((note) => el("p", { class: "notes" }, pieces(note))),
  );
}

function tableCell(cell, kind) {
  const isPlain = typeof cell === "string" || Array.isArray(cell);
  const text = isPlain ? cell : cell.text;
  const classes = [kind === "number" ? "number" : typeof text === "string" ? `code ${kind}` : "said", isPlain ? "" : cell.tone];
  const where = isPlain || cell.place === null ? null : FACTS.places[cell.place].filter(Boolean).join("  ");
  return el("td", { class: classes.join(" ").trim(), title: where }, typeof text === "string" ? text : pieces(text));
}
