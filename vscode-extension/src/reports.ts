/** The page of `aotlens report` about a target, beside the text: as it is now. The command, run again, renews it. */

import * as vscode from "vscode";
import { REPORT, type Ask } from "./protocol";

const shown = new Map<string, vscode.WebviewPanel>();

/** Show the page about a target. It may load nothing and run nothing but its own script: its policy has their hashes. */
export async function showReport(ask: Ask, target: string): Promise<void> {
  const name = target.split("::").at(-1) ?? target;
  const report = await ask<{ html: string }>(REPORT, { target });
  if (report === undefined) {
    const message = `aotlens: there is no report about ${name}: it was not traced, or the trace failed.`;
    void vscode.window.showInformationMessage(message);
    return;
  }
  const panel = shown.get(target) ?? opened(target, `${name} report`);
  panel.webview.html = report.html;
  panel.reveal();
}

function opened(target: string, title: string): vscode.WebviewPanel {
  const panel = vscode.window.createWebviewPanel("aotlens.report", title, vscode.ViewColumn.Beside, {
    enableScripts: true,
    enableFindWidget: true,
    localResourceRoots: [],
    retainContextWhenHidden: true,
  });
  panel.onDidDispose(() => shown.delete(target));
  shown.set(target, panel);
  return panel;
}
