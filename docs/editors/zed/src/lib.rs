//! Starts `aotlens serve` from the PATH of the project, with the options and settings that Zed has for it.

use zed_extension_api::{self as zed, serde_json, settings::LspSettings, LanguageServerId, Result, Worktree};

struct Aotlens;

impl zed::Extension for Aotlens {
    fn new() -> Self {
        Aotlens
    }

    fn language_server_command(&mut self, _: &LanguageServerId, worktree: &Worktree) -> Result<zed::Command> {
        let command = worktree
            .which("aotlens")
            .ok_or("aotlens is not on PATH: install it with `pip install aotlens` or `uv tool install aotlens`")?;
        Ok(zed::Command { command, args: vec!["serve".into()], env: worktree.shell_env() })
    }

    fn language_server_initialization_options(
        &mut self,
        id: &LanguageServerId,
        worktree: &Worktree,
    ) -> Result<Option<serde_json::Value>> {
        Ok(LspSettings::for_worktree(id.as_ref(), worktree)?.initialization_options)
    }

    fn language_server_workspace_configuration(
        &mut self,
        id: &LanguageServerId,
        worktree: &Worktree,
    ) -> Result<Option<serde_json::Value>> {
        let settings = LspSettings::for_worktree(id.as_ref(), worktree)?.settings;
        Ok(settings.map(|settings| serde_json::json!({ "aotlens": settings })))
    }
}

zed::register_extension!(Aotlens);
