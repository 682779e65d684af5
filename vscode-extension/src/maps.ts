/** The map of a target as a document: read-only, and new whenever the target is traced anew. */

import * as vscode from "vscode";
import { MAP } from "./protocol";
import type { Server } from "./server";

const SCHEME = "aotlens-map";

/** Gives the text of maps. */
export class MapDocuments implements vscode.TextDocumentContentProvider, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<vscode.Uri>();
  private readonly disposable: vscode.Disposable;

  readonly onDidChange = this.changed.event;

  constructor(private readonly server: () => Server) {
    this.disposable = vscode.workspace.registerTextDocumentContentProvider(SCHEME, this);
  }

  async provideTextDocumentContent(uri: vscode.Uri): Promise<string> {
    const target = uri.query;
    const map = await this.server().request<{ markdown: string }>(MAP, { target });
    return map?.markdown ?? `There is no map of \`${target}\`: it is not traced, or could not be.\n`;
  }

  /** The maps may be others now. */
  refresh(): void {
    for (const document of vscode.workspace.textDocuments) {
      if (document.uri.scheme === SCHEME) {
        this.changed.fire(document.uri);
      }
    }
  }

  dispose(): void {
    this.disposable.dispose();
    this.changed.dispose();
  }
}

/** Show the map of a target beside the text. */
export async function showMap(target: string): Promise<void> {
  const name = target.split("::").at(-1) ?? target;
  const uri = vscode.Uri.from({ scheme: SCHEME, path: `/${name} map.md`, query: target });
  try {
    await vscode.commands.executeCommand("markdown.showPreviewToSide", uri);
  } catch {
    const document = await vscode.workspace.openTextDocument(uri);
    await vscode.window.showTextDocument(document, { viewColumn: vscode.ViewColumn.Beside, preview: true });
  }
}
