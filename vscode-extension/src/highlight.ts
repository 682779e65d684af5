/** Goes to a location, and highlights it until the cursor moves on. */

import * as vscode from "vscode";
import type { Location } from "vscode-languageclient/node";

export class Highlight implements vscode.Disposable {
  // Colours of the theme, with a border because high contrast themes have no backgrounds.
  private readonly decoration = vscode.window.createTextEditorDecorationType({
    backgroundColor: new vscode.ThemeColor("editor.rangeHighlightBackground"),
    border: "1px solid",
    borderColor: new vscode.ThemeColor("editor.rangeHighlightBorder"),
    overviewRulerColor: new vscode.ThemeColor("editorOverviewRuler.rangeHighlightForeground"),
    overviewRulerLane: vscode.OverviewRulerLane.Center,
  });
  private moved: vscode.Disposable | undefined;

  /** Put the cursor at the start of a location, and highlight its range. */
  async goTo(location: Location): Promise<void> {
    const { start, end } = location.range;
    const range = new vscode.Range(start.line, start.character, end.line, end.character);
    const document = await vscode.workspace.openTextDocument(vscode.Uri.parse(location.uri));
    const selection = new vscode.Range(range.start, range.start);
    const editor = await vscode.window.showTextDocument(document, { selection });
    editor.revealRange(range, vscode.TextEditorRevealType.InCenterIfOutsideViewport);
    editor.setDecorations(this.decoration, [range]);
    this.moved?.dispose();
    this.moved = vscode.window.onDidChangeTextEditorSelection((event) => {
      if (event.textEditor === editor && !event.selections[0]?.active.isEqual(range.start)) {
        editor.setDecorations(this.decoration, []);
        this.moved?.dispose();
      }
    });
  }

  dispose(): void {
    this.moved?.dispose();
    this.decoration.dispose();
  }
}
