/** A folder that is not trusted, and what comes of trusting it. */

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import * as path from "node:path";
import { after, before, test } from "node:test";
import { Editor } from "./editor.ts";

let editor: Editor;

before(async () => {
  // The proof is a file, which code behind the fence cannot write.
  const settings = { "security.workspace.trust.startupPrompt": "never", "aotlens.fence.enable": false };
  editor = await Editor.start({ trusted: false, settings });
  editor.write("proof.py", `open(__file__ + ".ran", "w").close()\n`);
  editor.write("model.py", `import proof\n${editor.text("model.py")}`);
});
after(() => editor?.stop());

test("nothing is executed, and it says why", () =>
  editor.doing("untrusted", async () => {
    await editor.open("model.py");
    await editor.lens("not traced: this workspace is not trusted").waitFor();
    await editor.hover("x = self.embed(ids)", "embed", "this workspace is not trusted");
    await editor.picture("untrusted");
    assert.ok(!existsSync(path.join(editor.folder, "proof.py.ran")));
  }));

test("granting trust brings everything to life", () =>
  editor.doing("trust", async () => {
    await editor.command("Workspaces: Manage Workspace Trust");
    // What asks for it lies over the file, which can be read behind it.
    await editor.page.locator(".workspace-trust-editor").getByRole("button", { name: "Trust", exact: true }).click();
    await editor.lens(/ · 52 inputs · .*saves [^·]*$/).waitFor();
    assert.ok(existsSync(path.join(editor.folder, "proof.py.ran")));
  }));
