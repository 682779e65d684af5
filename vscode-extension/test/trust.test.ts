import { beforeEach, expect, test, vi } from "vitest";
import { statedTrust, watchTrust } from "../src/trust";
import { happens, inWorkspace, settings, workspace } from "./vscode";

vi.mock("vscode", () => import("./vscode"));

const PROJECT = { uri: { scheme: "file", fsPath: "/project", toString: () => "file:///project" } };

beforeEach(() => {
  workspace.isTrusted = true;
  workspace.workspaceFolders = [PROJECT];
  delete settings["trust.folders"];
});

test("the folders of a trusted workspace are trusted, and no others", () => {
  expect(statedTrust()).toBe(true);
});

test("folders of the setting are trusted beside them", () => {
  settings["trust.folders"] = ["/library", "~/work"];
  expect(statedTrust()).toEqual(["/project", "/library", "~/work"]);
});

test("a workspace names no folders, in whatever way it is written", () => {
  inWorkspace["trust.folders"] = ["/"];
  expect(statedTrust()).toBe(true);
  delete inWorkspace["trust.folders"];
});

test("in Restricted Mode nothing is trusted", () => {
  settings["trust.folders"] = ["/library"];
  workspace.isTrusted = false;
  expect(statedTrust()).toBe(false);
});

test("what says not where it is makes nothing trusted, and harms no other folder", () => {
  settings["trust.folders"] = ["library", "", "~other", 7, "/library"];
  expect(statedTrust()).toEqual(["/project", "/library"]);
  settings["trust.folders"] = "/";
  expect(statedTrust()).toBe(true);
});

test("changes of folders and of the setting are told", () => {
  const changed = vi.fn();
  const watching = watchTrust(changed);
  happens.folders.fire();
  happens.configuration.fire({ affectsConfiguration: (name) => name === "aotlens.trust.folders" });
  happens.configuration.fire({ affectsConfiguration: (name) => name === "aotlens.interpreter" });
  expect(changed).toHaveBeenCalledTimes(2);
  watching.dispose();
});
