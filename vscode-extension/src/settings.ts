/** The settings. Before the workspace is trusted, those that name programs, add code or open the fence are the user's. */

import * as vscode from "vscode";
import { capabilities, contributes } from "../package.json";

const SECTION = "aotlens";
const KEYS = contributes.configuration
  .flatMap((group) => Object.keys(group.properties))
  .map((name) => name.slice(SECTION.length + 1));
const RESTRICTED = capabilities.untrustedWorkspaces.restrictedConfigurations;

/** The value of a setting, whose key is without `aotlens.`. */
export function setting(key: string): unknown {
  const settings = vscode.workspace.getConfiguration(SECTION);
  if (vscode.workspace.isTrusted || !RESTRICTED.includes(`${SECTION}.${key}`)) {
    return settings.get(key);
  }
  // VS Code leaves out those of the workspace that have just this name, and not `{"aotlens": {"interpreter": …}}`.
  return usersSetting(key);
}

/** The value of a setting that a workspace cannot set, trusted or not. */
export function usersSetting(key: string): unknown {
  const known = vscode.workspace.getConfiguration(SECTION).inspect(key);
  return known?.globalValue ?? known?.defaultValue;
}

/** All settings as the server reads them, in nested objects. */
export function allSettings(): Record<string, unknown> {
  const all: Record<string, unknown> = {};
  for (const key of KEYS) {
    const names = key.split(".");
    let group = all;
    for (const name of names.slice(0, -1)) {
      group = (group[name] ??= {}) as Record<string, unknown>;
    }
    group[names[names.length - 1] ?? key] = setting(key);
  }
  return all;
}
