/** The interpreters that the user has selected in VS Code, by folder. */

import * as vscode from "vscode";
import type { Interpreter } from "./protocol";

/** The part of the Python extension's API that is used here. */
interface PythonApi {
  environments?: {
    getActiveEnvironmentPath(resource?: vscode.Uri): { path: string };
    resolveEnvironment(environment: {
      path: string;
    }): Promise<{ executable: { uri?: vscode.Uri } } | undefined> | undefined;
    onDidChangeActiveEnvironmentPath: vscode.Event<unknown>;
  };
}

/** The part of the Python Environments extension's API that is used here. */
interface EnvironmentsApi {
  getEnvironment(scope: vscode.Uri | undefined): Promise<{ execInfo: { run: { executable: string } } } | undefined>;
  onDidChangeEnvironment: vscode.Event<unknown>;
}

const PYTHON = "ms-python.python";
const ENVIRONMENTS = "ms-python.vscode-python-envs";
const SETTLE_MS = 300;

export type Selected = Record<string, Interpreter>;

/** Follows the selection of interpreters. Several events in quick succession count once, and only if they change it. */
export class Interpreters implements vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<Selected>();
  private readonly disposables: { dispose(): unknown }[] = [this.changed];
  private readonly listening = new Set<string>();
  private timer: NodeJS.Timeout | undefined;
  private last = "";

  /** The selection changed. */
  readonly onDidChange = this.changed.event;

  constructor(private readonly log: (message: string) => void) {
    const soon = () => this.lookAgain();
    this.disposables.push(
      vscode.extensions.onDidChange(soon),
      vscode.workspace.onDidChangeWorkspaceFolders(soon),
      vscode.workspace.onDidGrantWorkspaceTrust(soon),
    );
  }

  /** The selection now. Before the workspace is trusted there is none: it may be the workspace that selects. */
  async selected(): Promise<Selected> {
    const found = vscode.workspace.isTrusted ? await this.asked() : {};
    this.last = JSON.stringify(found);
    return found;
  }

  private async asked(): Promise<Selected> {
    const found: Selected = {};
    const environments = await this.api<EnvironmentsApi>(ENVIRONMENTS, (api) => api.onDidChangeEnvironment);
    const python = await this.api<PythonApi>(PYTHON, (api) => api.environments?.onDidChangeActiveEnvironmentPath);
    for (const folder of vscode.workspace.workspaceFolders ?? []) {
      const interpreter =
        (environments && (await fromEnvironments(environments, folder.uri))) ??
        (python && (await fromPython(python, folder.uri)));
      if (interpreter !== undefined) {
        found[folder.uri.toString()] = interpreter;
      }
    }
    return found;
  }

  dispose(): void {
    clearTimeout(this.timer);
    vscode.Disposable.from(...this.disposables).dispose();
  }

  private lookAgain(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.look(), SETTLE_MS);
  }

  private async look(): Promise<void> {
    const before = this.last;
    const found = await this.selected();
    if (this.last !== before) {
      this.log(`the selected interpreters are ${this.last}`);
      this.changed.fire(found);
    }
  }

  /** The API of an extension; undefined if it is not installed, or does not start. */
  private async api<Api>(id: string, event: (api: Api) => vscode.Event<unknown> | undefined): Promise<Api | undefined> {
    const extension = vscode.extensions.getExtension<Api>(id);
    if (extension === undefined) {
      return undefined;
    }
    try {
      const api = extension.isActive ? extension.exports : await extension.activate();
      if (!this.listening.has(id)) {
        const subscription = event(api)?.(() => this.lookAgain());
        if (subscription !== undefined) {
          this.listening.add(id);
          this.disposables.push(subscription);
        }
      }
      return api;
    } catch (error) {
      this.log(`${id} gives no interpreter: ${String(error)}`);
      return undefined;
    }
  }
}

async function fromEnvironments(api: EnvironmentsApi, folder: vscode.Uri): Promise<Interpreter | undefined> {
  const path = (await api.getEnvironment(folder).catch(() => undefined))?.execInfo.run.executable;
  return path ? { path, reason: "selected in the Python Environments extension" } : undefined;
}

async function fromPython(api: PythonApi, folder: vscode.Uri): Promise<Interpreter | undefined> {
  const active = api.environments?.getActiveEnvironmentPath(folder);
  const environment = active && (await api.environments?.resolveEnvironment(active));
  const path = environment?.executable.uri?.fsPath;
  return path ? { path, reason: "selected in the Python extension" } : undefined;
}
