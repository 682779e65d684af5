/** What a person sees who opens a project that can be traced. The tests follow each other in one window. */

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import * as path from "node:path";
import { after, before, test } from "node:test";
import type { ConsoleMessage } from "playwright-core";
import { Editor } from "./editor.ts";

let editor: Editor;

before(async () => {
  editor = await Editor.start({
    settings: { "aotlens.importStrategy": "useBundled" },
  });
});
after(() => editor?.stop());

function seen(name: string, step: () => Promise<void>): void {
  test(name, () => editor.doing(name.replaceAll(/\W+/g, "-"), step));
}

const CELLS = [
  "%matplotlib inline\nimport torch\nfrom torch import nn",
  "class Head(nn.Module):\n    def __init__(self):\n        super().__init__()\n        self.key = nn.Linear(4, 4)\n" +
    "        self.dead = nn.Linear(4, 4)\n\n    def forward(self, x):\n        return self.key(x)",
  "# aotlens: Wrapped()(torch.randn(2, 4))\nclass Wrapped(nn.Module):\n    def __init__(self):\n" +
    "        super().__init__()\n        self.head = Head()\n\n    def forward(self, x):\n" +
    "        z = self.head(x)\n        return z",
];
const NOTEBOOK = JSON.stringify({
  cells: CELLS.map((source, number) => ({
    ...{
      cell_type: "code",
      id: `c${number}`,
      metadata: {},
      source,
      outputs: [],
      execution_count: null,
    },
  })),
  metadata: { language_info: { name: "python" } },
  nbformat: 4,
  nbformat_minor: 5,
});
const TRACED = /^\d+ parameters \(.*\) · 52 inputs · .*saves [^·]*$/;

seen("a lens over the class says what its graph takes and gives", async () => {
  await editor.open("model.py");
  await editor.lens(TRACED).waitFor();
  await editor.picture("lens");
  assert.match(editor.log(), /server \S+ \(bundle\)/);
});

seen("a hover has the table of descriptors", async () => {
  const hover = await editor.hover("for block in self.blocks", "blocks", "norm1.weight");
  await hover.locator("table").getByText("primals_").first().waitFor();
  await hover.getByRole("link", { name: "Show the map" }).waitFor();
  await editor.picture("hover");
});

seen("an unknown parameter name is found, and its quick fix applied", async () => {
  await editor.page.locator(".squiggly-warning").first().waitFor();
  await editor.cursor("model.py", "attn.qkv.weigth", "weigth");
  await editor.page.keyboard.press("Control+.");
  const fix = editor.page.locator(".action-widget .monaco-list-row").filter({ hasText: "attn.qkv.weight" });
  await fix.waitFor();
  await editor.picture("fix");
  await fix.click();
  await editor.place('get_parameter("blocks.0.attn.qkv.weight")');
  await editor.page.locator(".squiggly-warning").waitFor({ state: "detached" });
});

seen("an edit makes the map stale, and saving makes it fresh", async () => {
  await editor.lens(/ · stale/).waitFor();
  await editor.picture("stale");
  await editor.page.keyboard.press("Control+S");
  await editor.lens(TRACED).waitFor();
  assert.match(editor.text("model.py"), /attn\.qkv\.weight"/);
});

seen("F12 on the name of a parameter goes to where it was made, in another file", async () => {
  const hover = await editor.hover("attn.qkv.weight", "qkv", "made at");
  await hover.getByRole("link", { name: "layers.py:12" }).waitFor();
  await editor.picture("parameter");
  await editor.cursor("model.py", "attn.qkv.weight", "qkv");
  await editor.page.keyboard.press("F12");
  await editor.tab("layers.py").waitFor();
  await editor.status("Ln 12, Col 20").waitFor();
});

seen("a parameter without gradient is a warning", async () => {
  await editor.page.locator(".squiggly-warning").first().waitFor();
  await editor.hover("self.gate = nn.Parameter", "Parameter", /gets? no gradient/);
  await editor.picture("finding");
});

seen("the view of inputs and outputs follows the cursor, and its rows go to their sources", async () => {
  await editor.command("aotlens: Focus on Graph inputs & outputs View");
  await editor.row("blocks.{0..3}.attn.qkv.weight").waitFor();
  await editor.page.getByText("blocks.{0..3}.attn of Decoder").filter({ visible: true }).first().waitFor();
  await editor.open("model.py");
  await editor.row("embed.weight").waitFor();
  await editor.cursor("model.py", "class Decoder", "Decoder");
  await editor.picture("slots");
  await editor.row("blocks.{0..3}.gate").click();
  await editor.tab("layers.py").waitFor();
  await editor.status("Ln 29, Col 21").waitFor();
});

seen("the view works by keyboard", async () => {
  await editor.open("model.py");
  await editor.command("aotlens: Focus on Graph inputs & outputs View");
  await editor.row("embed.weight").waitFor();
  await editor.page.keyboard.press("Home");
  await editor.page.keyboard.press("ArrowDown");
  await editor.page.locator(".monaco-list-row.focused", { hasText: "embed.weight" }).waitFor();
  await editor.page.keyboard.press("Enter");
  await editor.status("Ln 12, Col 22").waitFor();
});

seen("a row's descriptor is copied", async () => {
  const row = editor.row("embed.weight");
  await row.hover();
  await row.getByRole("button", { name: "Copy Descriptor" }).click();
  await editor.page
    .locator(".statusbar-item", {
      hasText: "Copied ParamAOTInput(target='embed.weight')",
    })
    .waitFor();
  const copied = await editor.page.evaluate("navigator.clipboard.readText()");
  assert.equal(copied, "ParamAOTInput(target='embed.weight')");
});

seen("the status item says which torch traces", async () => {
  await editor.page
    .locator(".statusbar-item", {
      has: editor.page.locator(".codicon-bracket"),
    })
    .hover();
  const item = editor.page.locator(".hover-language-status").filter({ hasText: "aotlens: torch 2.13.0" });
  await item.waitFor();
  await editor.picture("status");
  await editor.page.mouse.move(600, 400);
  await item.waitFor({ state: "hidden" });
});

seen("the map is a document", async () => {
  await editor.open("model.py");
  await editor.lens(TRACED).click();
  const frame = editor.page.frameLocator("iframe.webview.ready").frameLocator("iframe#active-frame");
  await frame.getByRole("heading", { name: "model.py::Decoder" }).waitFor();
  await frame.getByText("blocks.{0..3}.attn.qkv.weight").first().waitFor();
  await editor.picture("map");
  await editor.command("View: Close All Editors in Group");
});

seen("the report is a page beside the text, which runs its own script and nothing else", async () => {
  const wrong: string[] = [];
  const hear = (message: ConsoleMessage) => message.type() === "error" && wrong.push(message.text());
  editor.page.on("console", hear);
  await editor.open("model.py");
  await editor.cursor("model.py", "class Decoder", "Decoder");
  await editor.command("aotlens: Show Report");
  const frame = editor.page.frameLocator("iframe.webview.ready").frameLocator("iframe#active-frame");
  await frame.getByText("model.py::Decoder").first().waitFor();
  await frame.locator("#flow .flow").waitFor();
  await frame
    .locator('#modules .cell[aria-label^="blocks"]')
    .first()
    .click({ position: { x: 5, y: 5 } });
  await frame.locator("#details").getByText("blocks").first().waitFor();
  assert.deepEqual(
    wrong.filter((text) => text.includes("Content Security Policy") || text.includes("Trusted")),
    [],
  );
  await editor.picture("report-in-editor");
  await editor.command("View: Close All Editors in Group");
  editor.page.off("console", hear);
});

seen("cells of a notebook have lenses, hovers and warnings", async () => {
  writeFileSync(path.join(editor.folder, "nets.ipynb"), NOTEBOOK);
  await editor.open("nets.ipynb");
  await editor.lens(/2 gradients missing · saves /).waitFor();
  const hover = await editor.hover("z = self.head(x)", "head", "module");
  await hover.getByText("head of Wrapped").first().waitFor();
  await editor.page.locator(".notebookOverlay .squiggly-warning").first().waitFor();
  await editor.picture("notebook");
  await editor.command("View: Close All Editors in Group");
});

seen("it is legible in high contrast", async () => {
  await editor.open("model.py");
  const hover = () => editor.hover("for block in self.blocks", "blocks", "norm1.weight");
  await editor.pictureInContrast("hover", hover);
});
