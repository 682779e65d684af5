import { afterEach, expect, test } from "vitest";
import { inWorkspace, settings, workspace } from "./vscode";
import { capabilities } from "../package.json";
import { allSettings, setting } from "../src/settings";

afterEach(() => {
  workspace.isTrusted = true;
  [settings, inWorkspace].forEach((all) => Object.keys(all).forEach((key) => Reflect.deleteProperty(all, key)));
});

test.each(capabilities.untrustedWorkspaces.restrictedConfigurations)(
  "before trust a workspace cannot set %s, however it is written",
  (name) => {
    const key = name.replace("aotlens.", "");
    const read = () => key.split(".").reduce((group, part) => group[part] as typeof group, allSettings());
    inWorkspace[key] = "the workspace's";
    expect([setting(key), read()]).toEqual(["the workspace's", "the workspace's"]);
    workspace.isTrusted = false;
    expect([setting(key), read()]).toEqual([undefined, undefined]);
    settings[key] = "the user's";
    expect([setting(key), read()]).toEqual(["the user's", "the user's"]);
  },
);

test("the server gets the other settings of a workspace before trust too", () => {
  workspace.isTrusted = false;
  settings["trace.run"] = "onType";
  inWorkspace["trace.run"] = "manual";
  expect(allSettings()).toMatchObject({ trace: { run: "manual" }, fence: {}, tracer: {} });
});
