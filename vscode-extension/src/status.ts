/** The language status item: activity, interpreter, torch, problems. */

import * as vscode from "vscode";
import type { Status } from "./protocol";
import { withoutLinks } from "./texts";

/** The contents of the item. */
export interface Shown {
  text: string;
  detail: string;
  severity: "information" | "warning" | "error";
  busy: boolean;
  command?: { title: string; command: string };
}

export const SELECT = { title: "Select Interpreter", command: "aotlens.selectInterpreter" };
export const RETRY = { title: "Try Again", command: "aotlens.restartTracer" };
export const LOG = { title: "Show Log", command: "aotlens.showOutput" };
export const RESTART = { title: "Restart", command: "aotlens.restartServer" };
const TRUST = { title: "Manage Trust", command: "workbench.trust.manage" };

/** Describe a running server. */
export function describeStatus(status: Status | undefined, trusted: boolean): Shown {
  if (!trusted) {
    const detail = "Restricted Mode: nothing is traced before you trust this workspace";
    return { text: "Not tracing", detail, severity: "information", busy: false, command: TRUST };
  }
  if (status === undefined) {
    return { text: "Ready", detail: "nothing traced yet", severity: "information", busy: false, command: SELECT };
  }
  const where = briefly(status.interpreter);
  const torch = status.torch !== null ? `torch ${status.torch}` : "aotlens";
  const fine = { severity: "information", command: SELECT } as const;
  switch (status.state) {
    case "starting":
    case "restarting":
      return { ...fine, text: "Starting torch", detail: where, busy: true };
    case "busy":
      return { ...fine, text: `Tracing · ${torch}`, detail: where, busy: true };
    case "ready":
      return { ...fine, text: torch, detail: where, busy: false };
    case "stopped":
      if (status.problem === null) {
        return { ...fine, text: "Idle", detail: where, busy: false };
      }
      return { text: "Stopped", detail: status.message ?? where, severity: "warning", busy: false, command: LOG };
    case "unusable":
    case "gone": {
      const command = status.state === "gone" ? RETRY : SELECT;
      const detail = [status.message, where].filter(Boolean).join(" · ");
      return { text: "Cannot trace", detail, severity: "error", busy: false, command };
    }
  }
}

/** The end of a path, which names the environment. */
function briefly(path: string): string {
  const parts = path.split("/");
  return parts.length > 5 ? ["…", ...parts.slice(-4)].join("/") : path;
}

/** The item in VS Code. */
export class StatusItem implements vscode.Disposable {
  private readonly item: vscode.LanguageStatusItem;

  constructor(selector: vscode.DocumentSelector) {
    this.item = vscode.languages.createLanguageStatusItem("aotlens.status", selector);
    this.item.name = "aotlens";
    this.show({ text: "Starting", detail: "", severity: "information", busy: true });
  }

  show(shown: Shown): void {
    const severities = {
      information: vscode.LanguageStatusSeverity.Information,
      warning: vscode.LanguageStatusSeverity.Warning,
      error: vscode.LanguageStatusSeverity.Error,
    };
    this.item.text = `aotlens: ${shown.text}`;
    this.item.detail = withoutLinks(shown.detail);
    this.item.severity = severities[shown.severity];
    this.item.busy = shown.busy;
    this.item.command = shown.command;
    this.item.accessibilityInformation = { label: `aotlens: ${shown.text}. ${shown.detail}` };
  }

  dispose(): void {
    this.item.dispose();
  }
}
