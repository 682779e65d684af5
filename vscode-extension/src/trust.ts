/** What the server may run: the folders of a trusted workspace, and those that the user trusts on this machine. */

import * as path from "node:path";
import * as vscode from "vscode";
import { usersSetting } from "./settings";

const FOLDERS = "trust.folders";

/** Tells `changed` when the answer of `statedTrust` may be another one. */
export function watchTrust(changed: () => void): vscode.Disposable {
  return vscode.Disposable.from(
    vscode.workspace.onDidChangeWorkspaceFolders(changed),
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration(`aotlens.${FOLDERS}`)) {
        changed();
      }
    }),
  );
}

/** What the client states to the server: true for the folders of the workspace, or a list of folders; false for none. */
export function statedTrust(): boolean | string[] {
  if (!vscode.workspace.isTrusted) {
    return false;
  }
  const more = foldersIn(usersSetting(FOLDERS));
  if (more.length === 0) {
    return true;
  }
  const ofWorkspace = (vscode.workspace.workspaceFolders ?? []).filter((one) => one.uri.scheme === "file");
  return [...ofWorkspace.map((one) => one.uri.fsPath), ...more];
}

/** The folders of the setting that say where they are. */
function foldersIn(value: unknown): string[] {
  const items: unknown[] = Array.isArray(value) ? value : [];
  return items.filter(
    (item): item is string => typeof item === "string" && (path.isAbsolute(item) || /^~([\\/]|$)/.test(item)),
  );
}
