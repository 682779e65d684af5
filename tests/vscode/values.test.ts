/** What a line computes, at its end and in the hover; and a model that fails. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Editor } from "./editor.ts";

let editor: Editor;
before(async () => {
  editor = await Editor.start({ settings: { "aotlens.importStrategy": "useBundled", "editor.hover.above": false } });
});
after(() => editor?.stop());

function seen(name: string, step: () => Promise<void>): void {
  test(name, () => editor.doing(name.replaceAll(/\W+/g, "-"), step));
}

const TRACED = /^(alone: )?\d+ parameters \(.*\) · \d+ inputs · .*saves [^·]*$/;
/** A line of the open file with the hint at its end. */
const line = (pattern: string) =>
  editor.page.locator(".view-lines > .view-line").filter({ hasText: new RegExp(pattern.replaceAll(" ", "\\s")) });

seen("no line moves while the traces run and end", async () => {
  await editor.open("gpt.py");
  await editor.lens(/./).waitFor();
  await editor.watch("class Block(nn.Module)");
  await editor.lens(TRACED).waitFor();
  await editor.lens(/tracing|waiting/).waitFor({ state: "detached" });
  assert.equal(new Set(await editor.watched()).size, 1);
});

seen("the values of the function around the cursor are at the ends of its lines", async () => {
  await editor.cursor("gpt.py", "y = y.transpose", "reshape");
  await line("return self\\.proj\\(y\\).*f32\\[").waitFor();
  await line("att\\.masked_fill.*not run").waitFor();
  assert.equal(await line("self\\.gate\\(x\\)\\).*f32\\[").count(), 0);
  await editor.command("View: Toggle Primary Side Bar Visibility");
  await editor.page.locator(".explorer-folders-view").waitFor({ state: "hidden" });
  await editor.picture("hints");
  await editor.cursor("gpt.py", "return x + self.down", "down");
  await line("self\\.gate\\(x\\)\\).*f32\\[").waitFor();
  await line("return self\\.proj\\(y\\).*f32\\[").waitFor({ state: "detached" });
});

seen("a size that is typed wrongly is told at its line while it is typed, and mended again", async () => {
  await editor.goToLine(1);
  await editor.cursor("gpt.py", "y = y.transpose", "reshape");
  await line("return self\\.proj\\(y\\).*f32\\[").waitFor();
  await editor.picture("tour-1");
  await editor.hover("y = F.softmax(att", "softmax", "f32[2, 4, 16, 16]");
  await editor.picture("tour-2");
  await editor.page.keyboard.press("Escape");
  await editor.cursor("gpt.py", "self.proj = nn.Linear(n_embd, n_embd", "n_embd, n_embd");
  await editor.page.keyboard.press("Control+D"); // the first n_embd of the line is selected
  await editor.page.keyboard.type("n_head");
  await editor.page.keyboard.press("Escape"); // no words are suggested
  await editor.page.keyboard.press("Control+S");
  await editor.page.locator(".squiggly-error").first().waitFor();
  await editor.lens(/failed/).waitFor();
  await editor.picture("tour-3");
  await editor.hover("return self.proj(y)", "proj", "n_head");
  await editor.picture("tour-4");
  await editor.page.keyboard.press("Escape");
  await editor.cursor("gpt.py", "self.proj = nn.Linear(n_head", "n_head");
  await editor.page.keyboard.press("Control+Z");
  await editor.page.keyboard.press("Control+S");
  await editor.page.locator(".squiggly-error").first().waitFor({ state: "detached" });
  await editor.lens(TRACED).waitFor();
  await editor.lens(/tracing|waiting|stale/).waitFor({ state: "detached" });
  await editor.cursor("gpt.py", "y = y.transpose", "reshape");
  await line("return self\\.proj\\(y\\).*f32\\[").waitFor();
  await editor.picture("tour-5");
});

seen("no code moves when the values come and go", async () => {
  const before = await editor.place("F.silu(self.gate(x))", "gate");
  await editor.cursor("gpt.py", "y = y.transpose", "reshape");
  await line("return self\\.proj\\(y\\).*f32\\[").waitFor();
  assert.equal((await editor.place("F.silu(self.gate(x))", "gate")).x, before.x);
});

seen("the first line of a hover says what a variable is", async () => {
  const hover = await editor.hover("y = F.softmax(att", "att", "f32[2, 4, 16, 16]");
  await hover.waitFor();
  await editor.picture("shape");
});

seen("a model that fails says which sizes clash, and has the values of what ran before", async () => {
  await editor.open("gated.py");
  await editor.page.locator(".squiggly-error").first().waitFor();
  await editor.lens(/failed/).waitFor();
  await editor.cursor("gated.py", "g = F.silu", "silu");
  await line("g = F\\.silu\\(self\\.gate\\(x\\)\\).*f32\\[").waitFor();
  await editor.hover("self.down(a * g)", "a * g", /128/);
  await editor.picture("failing");
});

seen("the hover of a DTensor has its placements, its pieces and the bytes of one rank", async () => {
  await editor.open("sharded.py");
  await editor.lens(/per rank/).waitFor();
  const hover = await editor.hover("self.up = nn.Parameter", "up =", "of 64.0 KiB per rank");
  await hover.locator("table").getByText("DeviceMesh(dp=2, tp=4)").waitFor();
  await hover.getByRole("link", { name: "_local_tensor" }).waitFor();
  await editor.picture("subclass");
});

seen("which values are shown is chosen in the palette", async () => {
  await editor.page.keyboard.press("Escape");
  await editor.command("aotlens: Show Values at the Ends of Lines");
  await editor.page.locator(".quick-input-list .monaco-list-row").filter({ hasText: "no values" }).click();
  await line("g = F\\.silu\\(self\\.gate\\(x\\)\\).*f32\\[").waitFor({ state: "detached" });
});
